"""What the scanner of titles looks for: spellings, a pattern each."""

from __future__ import annotations

import re

__all__ = [
    "ADDRESSES_MODEL",
    "CONTROL",
    "DIGITS_IN_WORDS",
    "DIRECTED",
    "DIRECTION_MARKS",
    "HIDDEN",
    "IN_OTHER_LANGUAGES",
    "LETTER_LINE",
    "LOOKALIKES",
    "MARKUP",
    "QUOTES",
    "ROLE",
    "RUN",
    "SCRIPTS",
    "SPACED",
    "SPECIAL_TOKEN",
    "STYLED",
]

_LETTER = r"(?:[B-HJ-T]\b|[AI]\b(?!\s+\w))"  # "Pick A Card" is no answer, "pick A" is one

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
DIRECTED = re.compile(r"[\u202a-\u202e\u2066-\u2069\u206a-\u206f]")
DIRECTION_MARKS = re.compile(r"[\u200e\u200f\u061c]")
HIDDEN = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2064\u2800\u3164\ufeff\uffa0"
    r"\ufff9-\ufffb\ue000-\uf8ff\U000e0000-\U000e00ff\U000f0000-\U0010ffff]"
    r"|(?<![^\u0000-\u024f\s])[\u200c\u200d]"  # joiners that join nothing
    r"|(?<![\u2e80-\u9fff\U00020000-\U0003ffff])[\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
STYLED = re.compile(
    r"[\u24b6-\u24e9\U0001d400-\U0001d7ff\U0001f130-\U0001f189]"
    r"|(?<![\u2e80-\u9fff\uff00-\uffef])[\uff21-\uff3a\uff41-\uff5a]{2}"
)
SPACED = re.compile(r"(?:\b[^\W\d_] +){5}")
DIGITS_IN_WORDS = re.compile(r"[^\W\d_]\d[^\W\d_]|\b\d[^\W\d_]+\d")
SCRIPTS = re.compile(r"(LATIN|CYRILLIC|GREEK) ")
LOOKALIKES = str.maketrans(
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0410\u0412\u0421\u0415\u041d\u041a\u041c"
    "\u041e\u0420\u0422\u0425\u0391\u0395\u0399\u039f\u03a1\u03a4\u03a7\u03bf\u03bd",
    "aceopxyiABCEHKMOPTXAEIOPTXov",
)
"""Cyrillic and Greek letters that look like Latin ones, for words that mix scripts."""

QUOTES = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u02ba\u275d\u275e\u301d\u301e", '"')
)

SPECIAL_TOKEN = re.compile(
    r"<\s{0,2}\|[^<>]{0,60}>|<\|im_|<\s{0,2}/?s\s{0,2}>|<0x[0-9a-f]{2}>|\[/?INST\]|<</?SYS>>"
    r"|<(?:unk|pad|bos|eos|mask)>|<(?:start|end)_of_\w+>",
    re.IGNORECASE,
)
ROLE = re.compile(
    r"(?:^|[\n\r.!?>\]]\s{0,4})(?:system|assistant|user|human|developer|moderator|tool|observation)"
    r"(?: (?:message|override|prompt|result|note))?\s*:"
    r"|#{2,}\s*(?:instruction|response|system|input|assistant|user)"
    r"|\bfinal answer\s*:|\bend of (?:prompt|data|candidates|instructions)\b"
    r"|</?(?:system|instructions?|candidates|user|assistant)>"
    r"|\binstruction to the (?:ranking|system|model|recommender)",
    re.IGNORECASE,
)
LETTER_LINE = re.compile(
    rf"(?:^|\n)\W{{0,3}}[A-T](?:[:)\]]|\W*$)"
    rf"|(?i:\b(?:answer|solution|option|choice|candidate|letter|correct))\W{{0,6}}(?:is\W{{1,6}})?{_LETTER}"
    rf"|(?i:\b(?:answer|choose|pick|select|reply(?:ing)?|respond|say|output|print|return))"
    rf"\W{{1,6}}(?i:(?:with|is)\W{{1,6}})?{_LETTER}"
    rf"|(?:\b[A-T]\b[\s,]{{1,3}}){{4}}|(?:\b[A-T]: ?\w{{1,20}} ){{3}}"
    r"|\"\W{1,4}(?:\(\w{1,20}\))?\W{0,4}[A-T]\W"
    r"|(?i:^\s*(?:candidates|opened articles|answer)\s*:|\breply with its letter\b)"
    r"|(?i:\bwhich candidate\b|^\(untitled\)$|^\(none yet\)$)"
)
ADDRESSES_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget|cancel|override)\b.{0,30}"
    r"\b(?:above|before|previous|prior|instructions?|prompt|rules|others?|the reader)\b"
    r"|\binstructions? (?:above|are cancelled)|\bnew (?:instructions?|task) (?:is|are)?\s*:?"
    r"|\b(?:if you are|you are|dear|attention|note to the)\b.{0,12}"
    r"\b(?:ai|language model|recommender|assistant|chatbot|model)\b"
    r"|\b(?:choose|choosing|pick|picking|select|rank|recommend|prefer|boost|put)\b.{0,12}"
    r"\bthis (?:one|article|title|candidate|item|story)\b"
    r"|\bthis article must be\b|\bthis (?:one|article|title) first\b"
    r"|\b(?:you must|when asked|before you|from now on).{0,30}\b(?:reply|answer|say|respond|set)\b"
    r"|\b(?:the|this) reader(?:'s)? (?:will|wants?|has|is|opens?|opened|chose|clicked|choice)\b"
    r"|\brepeat after me\b|\bother (?:candidates|titles)\b.{0,20}\b(?:are|were)\b",
    re.IGNORECASE,
)

IN_OTHER_LANGUAGES = re.compile(
    "|".join(
        (
            r"(?:忽略|无视|無視).{0,8}(?:指令|指示)",  # Chinese
            r"(?:选择|選擇)[这這]",
            r"答案\s*:\s*[A-T]\b",
            r"指示を無視|記事を選んで",  # Japanese
            r"지시를 무시",  # Korean
            r"تجاهل .{0,6}تعليم|اختر هذا",  # Arabic
            r"دستور.{0,20}نادیده",  # Persian
            r"निर्देश.{0,8}अनदेखा|इस लेख को चुन",  # Hindi
            r"התעלם מ",  # Hebrew
            r"игнорируй.{0,14}инструкц|выбери эт",  # Russian
            r"αγνόησε.{0,24}οδηγί",  # Greek
            r"\bignor\w* .{0,24}(?:instru|istruz|anweis|ovenfor|ci-dessus)",  # those of Latin roots
            r"\bzignoruj .{0,12}polece",  # Polish
            r"\bnegeer .{0,24}(?:instruct|hierboven)",  # Dutch
            r"\btalimat\w* yok say",  # Turkish
            r"\bbỏ qua các hướng dẫn",  # Vietnamese
            r"\b(?:elige este|choisissez cet|wähle diesen|vælg denne|scegli questo)\b",
        )
    ),
    re.IGNORECASE,
)
"""The same in other languages: a sentence or two each, by no means all there is."""

MARKUP = re.compile(
    r"```|~~~|</?[a-z]{1,12}\b[^<>]{0,200}>|<!--|&(?:quot|lt|gt|#\d+);|\{\s*[\"']|[\"']\s*\}|\{\{|\{%|\$\{"
    r"|\\[nrt\"]|\\boxed|\|\s*-{3}|\*\*\w|^#{1,3} |\n\d\. |\]\(|\breturn ['\"]\w['\"]|\bprint\("
    r"|%[snx] %|DROP TABLE",
    re.IGNORECASE,
)
RUN = re.compile(r"(\S)\1{7}|(?:[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\u200d ]*){8}")

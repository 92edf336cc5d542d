"""CnLE's other half: the process that holds the language model.

`evaluation-requests` come in through a plain Kafka consumer loop, become prompts, wait a moment to
be batched by tokens, are judged in one forward pass each, and leave as `evaluations`. One process
per accelerator; more of them in the same consumer group share the work. Only `backends` imports
torch, transformers, peft and bitsandbytes.
"""

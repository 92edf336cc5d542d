#!/usr/bin/env bash
# kafka-python 3.0.12: `KafkaAdminClient(...)` and `KafkaConsumer(...)` connect as they are made. Where
# no broker answers they raise `KafkaTimeoutError`, and leave a running thread and four open files
# each (an epoll, a pair of sockets, the refused one); there is no object that could be closed, and collecting
# garbage frees none of it, as the thread is alive. `KafkaProducer(...)` raises the same and leaves
# nothing. What a program can do: give its own factory as the setting `kafka_client`, remember the
# `KafkaNetClient` that it makes, and close that when the constructor raises.
#
# Who is met by it: whoever makes a client again and again until Kafka answers, as probes, status
# pages and workers at their start do: one try a second is 3,600 threads within an hour of outage.
#
# Seen, of three tries each at a port where nobody listens:
#   KafkaAdminClient left 3 threads and 12 files, with a factory that is closed 0 and 0
#   KafkaConsumer left 3 threads and 12 files, with a factory that is closed 0 and 0
#   KafkaProducer left 0 threads and 0 files, with a factory that is closed 0 and 0
#
# Ends with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kafka-python==3.0.12
cat > "$folder/tries.py" <<'PY'
import gc
import logging
import os
import socket
import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

logging.disable(logging.CRITICAL)
held = socket.socket()
held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
servers = "127.0.0.1:%d" % held.getsockname()[1]


def there_are():
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def left_by(kind, is_closed):
    threads, files = there_are()
    for _ in range(3):
        made = []

        def net_client(**settings):
            made.append(KafkaNetClient(**settings))
            return made[-1]

        settings = {"kafka_client": net_client} if is_closed else {}
        try:
            kind(bootstrap_servers=servers, bootstrap_timeout_ms=100, **settings)
        except KafkaTimeoutError:
            pass
        for one in made:
            one.close()
        made = one = None
    now_threads, now_files = there_are()
    return now_threads - threads, now_files - files


for kind in (KafkaAdminClient, KafkaConsumer, KafkaProducer):
    threads, files = left_by(kind, False)
    closed = "%d and %d" % left_by(kind, True)
    name = kind.__name__
    print(f"{name} left {threads} threads and {files} files, with a factory that is closed {closed}")
PY
"$folder/venv/bin/python" "$folder/tries.py" | tee "$folder/seen"
sed -n 's/^#   \(Kafka.* left .*\)/\1/p' "$0" | diff - "$folder/seen"

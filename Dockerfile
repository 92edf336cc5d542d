# Two images of the same code: `core` has every worker but the language model's, `llm` has all.
# Both install what the lock files name, hashes checked, wheels only, and compile the loops, for all
# processors of the level x86-64-v3: each process copies them to where its user may write.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/cherryrec/bin:$PATH
RUN python -m venv /opt/cherryrec
WORKDIR /build

FROM build AS build-core
COPY requirements/core.lock requirements/
RUN pip install --require-hashes --only-binary=:all: -r requirements/core.lock
COPY . .
RUN pip install --no-deps . && cherryrec prepare

FROM build AS build-llm
COPY requirements/llm.lock requirements/
RUN pip install --require-hashes --only-binary=:all: -r requirements/llm.lock
COPY . .
RUN pip install --no-deps . && cherryrec prepare

# What runs has no build tools, and may write to its own folders only.
FROM python:${PYTHON} AS run
ENV PATH=/opt/cherryrec/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home cherryrec \
    && install -d -o cherryrec -g cherryrec /var/lib/cherryrec /models
USER cherryrec
WORKDIR /var/lib/cherryrec
ENTRYPOINT ["cherryrec"]
CMD ["--help"]

FROM run AS llm
COPY --from=build-llm /opt/cherryrec /opt/cherryrec

# The last stage is what `docker build .` makes.
FROM run AS core
COPY --from=build-core /opt/cherryrec /opt/cherryrec

# syntax=docker/dockerfile:1
# The agent on an NVIDIA GPU. The CUDA libraries come with torch's own packages, so the machine needs
# only a driver (580 or newer) and the NVIDIA container toolkit, as every RunPod GPU pod has:
#   docker build -t vision-arena .
#   docker run --gpus all --env-file .env -v arena:/workspace vision-arena

FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN pip install --no-cache-dir uv==0.13.9 && uv venv /opt/arena
WORKDIR /src
COPY requirements-agent.lock ./
RUN uv pip sync --python /opt/arena/bin/python --require-hashes requirements-agent.lock
# Faster R-CNN, built at a commit, for it is published in no other way; `--build-arg DETECTRON2=` leaves it out.
# No CUDA toolkit is needed: what a Faster R-CNN computes on a GPU are torch's and torchvision's own operators. The
# extension that is compiled here, for the CPU, is for rotated boxes, deformable convolutions and an evaluation,
# of which it has none.
ARG DETECTRON2=02b5c4e295e990042a714712c21dc79b731e8833
RUN if [ -n "$DETECTRON2" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends ca-certificates g++ git \
        && uv pip install --python /opt/arena/bin/python --exclude-newer 2026-11-24 \
            --no-build-isolation-package detectron2 \
            "detectron2 @ git+https://github.com/facebookresearch/detectron2.git@$DETECTRON2"; \
    fi
COPY pyproject.toml README.md ./
COPY agent agent
COPY benchmark benchmark
COPY demo demo
COPY local local
COPY sql sql
RUN uv pip install --python /opt/arena/bin/python --no-deps .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Vision Arena agent" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
# tini passes signals on and reaps what a killed model process leaves behind.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /home/arena arena \
    && install --directory --owner arena /workspace /workspace/weights /workspace/cache
COPY --from=build /opt/arena /opt/arena
ENV PATH=/opt/arena/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ARENA_WEIGHTS_DIR=/workspace/weights \
    ARENA_CACHE_DIR=/workspace/cache \
    ARENA_LOG_FORMAT=json
# A number, so that Kubernetes can tell that it is not root.
USER 10001
WORKDIR /workspace
ENTRYPOINT ["tini", "--", "arena"]
CMD ["agent"]

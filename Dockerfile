# syntax=docker/dockerfile:1
# The agent's image, for an NVIDIA GPU; `--target cpu` for a processor. docs/image.md says how it is built and run.
# The CUDA libraries come with torch's own packages, so the machine needs only a driver (580 or newer) and the NVIDIA
# container toolkit, as every RunPod GPU pod has.

# Faster R-CNN, built at a commit, for it is published in no other way; `--build-arg DETECTRON2=` leaves it out.
ARG DETECTRON2=02b5c4e295e990042a714712c21dc79b731e8833

FROM debian:bookworm-slim AS python
# The release of Debian is pinned, but not its packages: what it mends is wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 tini \
    && rm -rf /var/lib/apt/lists/*

# What compiles and installs; none of it stays but /opt/arena.
FROM python AS build
ENV PATH=/opt/build/bin:$PATH \
    VIRTUAL_ENV=/opt/arena \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY requirements-build.lock ./
# The packages are not pinned, as above.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/build \
    && pip install --no-cache-dir --require-hashes --requirement requirements-build.lock \
    && uv venv --python /usr/bin/python3 /opt/arena
COPY requirements-agent.lock requirements-detectron2.lock ./

FROM build AS detectron2
ARG DETECTRON2
WORKDIR /src/detectron2
RUN if [ -n "$DETECTRON2" ]; then \
        git init --quiet \
        && git fetch --quiet --depth 1 https://github.com/facebookresearch/detectron2.git "$DETECTRON2" \
        && git checkout --quiet FETCH_HEAD; \
    fi

FROM build AS arena
COPY pyproject.toml README.md ./
COPY agent agent
COPY benchmark benchmark
COPY demo demo
COPY local local
COPY sql sql
RUN hatchling build --target wheel --directory /wheels

FROM build AS build-cpu
# The index of PyTorch's packages for processors, which uv knows; empty for the ordinary ones, which hold CUDA.
ARG TORCH_BACKEND=cpu
# What that index serves has hashes of its own, so torch and torchvision are pinned by version alone. All else is hashed.
RUN if [ -n "$TORCH_BACKEND" ]; then \
        awk '/^[^ ]/ { cuda = /^(torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==/ && !/^nvidia-ml-py==/ } !cuda' \
            requirements-agent.lock > requirements-cpu.lock \
        && grep -oE '^(torch|torchvision)==[0-9.]+' requirements-agent.lock > requirements-torch.txt \
        && uv pip sync --require-hashes requirements-cpu.lock \
        && uv pip install --no-deps --torch-backend "$TORCH_BACKEND" --requirements requirements-torch.txt; \
    else \
        uv pip sync --require-hashes requirements-agent.lock && uv pip uninstall triton; \
    fi
ARG DETECTRON2
ARG MAX_JOBS
COPY --from=detectron2 /src/detectron2 detectron2
RUN if [ -n "$DETECTRON2" ]; then \
        uv pip install --no-build-isolation --require-hashes --requirements requirements-detectron2.lock \
        && uv build --wheel --no-build-isolation --out-dir /wheels detectron2; \
    fi
COPY --from=arena /wheels /wheels
RUN uv pip install --no-deps /wheels/*.whl && rm /opt/arena/.lock

FROM build AS build-gpu
# triton serves torch.compile alone, which needs a compiler, and there is none in the image: 0.7 GB.
RUN uv pip sync --require-hashes requirements-agent.lock && uv pip uninstall triton
ARG DETECTRON2
# As torch's own packages; a GPU that is newer compiles the last one's PTX.
ARG TORCH_CUDA_ARCH_LIST="7.5 8.0 8.6 9.0 10.0 12.0+PTX"
ARG MAX_JOBS
ENV CUDA_HOME=/opt/cuda/lib/python3.11/site-packages/nvidia/cu13 \
    CPATH=/opt/arena/lib/python3.11/site-packages/nvidia/cu13/include
COPY requirements-cuda.lock ./
COPY --from=detectron2 /src/detectron2 detectron2
# The compiler's package has its libraries' versions in their names and one folder for them; builds look for others.
RUN if [ -n "$DETECTRON2" ]; then \
        uv venv --python /usr/bin/python3 /opt/cuda \
        && uv pip install --python /opt/cuda/bin/python --require-hashes --requirements requirements-cuda.lock \
        && ln -s lib "$CUDA_HOME/lib64" \
        && ln -s libcudart.so.13 "$CUDA_HOME/lib/libcudart.so" \
        && uv pip install --no-build-isolation --require-hashes --requirements requirements-detectron2.lock \
        && FORCE_CUDA=1 uv build --wheel --no-build-isolation --out-dir /wheels detectron2; \
    fi
COPY --from=arena /wheels /wheels
RUN uv pip install --no-deps /wheels/*.whl && rm /opt/arena/.lock

FROM python AS agent
# Nobody needs to become root in here. tini passes signals on and reaps what a killed model process leaves behind.
RUN useradd --uid 10001 --home-dir /workspace --no-create-home arena \
    && install --directory --owner arena /workspace /workspace/weights /workspace/cache \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
# Home is the volume, so what libraries keep is there too. A volume's own agent/ must not be imported (SAFEPATH).
ENV PATH=/opt/arena/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1 \
    HOME=/workspace \
    ARENA_WEIGHTS_DIR=/workspace/weights \
    ARENA_CACHE_DIR=/workspace/cache \
    ARENA_LOG_FORMAT=json \
    ARENA_METRICS_HOST=0.0.0.0
# A number, so that Kubernetes can tell that it is not root.
USER 10001
WORKDIR /workspace
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "agent.health_probe"]
ENTRYPOINT ["tini", "--", "arena"]
CMD ["agent"]
ARG VERSION=unknown
ARG REVISION=unknown
# Results and metrics say of which commit they are, and here is no checkout to ask.
ENV VISION_ARENA_REVISION=$REVISION
LABEL org.opencontainers.image.title="Vision Arena agent" \
      org.opencontainers.image.description="Compares two vision models on car detection, job by job, for Supabase" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

FROM agent AS cpu
ENV ARENA_DEVICE=cpu
COPY --from=build-cpu /opt/arena /opt/arena

# Not `auto`: an agent whose GPU is gone says so, and does not measure its processor.
FROM agent AS gpu
ENV ARENA_DEVICE=cuda
COPY --from=build-gpu /opt/arena /opt/arena

# The command `freecp`, for the CPU. For GPUs:
#   docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu126 .
FROM python:3.11-slim
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir torch torchvision --index-url $TORCH_INDEX
COPY . /src
RUN pip install --no-cache-dir "/src[web,geo,video]" && rm -r /src
WORKDIR /data
ENV FREECP_CACHE=/data/.freecp
EXPOSE 7860
ENTRYPOINT ["freecp"]
CMD ["web", "--host", "0.0.0.0"]

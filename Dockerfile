# The server in an image of its own:  docker build -t lenet .  &&  docker run --rm -p 8000:8000 lenet
FROM python:3.12-slim AS build
RUN apt-get update -q && apt-get install -qy --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml constraints.txt CMakeLists.txt README.md LICENSE ./
COPY lab/reports/long_description.py lab/reports/
COPY native native
COPY src src
RUN python -m venv /opt/lenet
RUN LENET_MUST_BUILD=1 /opt/lenet/bin/pip install --no-cache-dir -c constraints.txt '.[serve,heic,pdf]'

FROM python:3.12-slim
RUN useradd --create-home lenet
COPY --from=build /opt/lenet /opt/lenet
ENV PATH=/opt/lenet/bin:$PATH
USER lenet
WORKDIR /home/lenet
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"
CMD ["lenet", "serve", "--host", "0.0.0.0", "--port", "8000"]

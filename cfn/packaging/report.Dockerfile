# The image of cfn/cost/report-task.yaml: docker build -f cfn/packaging/report.Dockerfile -t weekly-report .
FROM public.ecr.aws/docker/library/python:3.11-slim
WORKDIR /app
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY chalice_app/chalicelib chalice_app/chalicelib
COPY reports reports
RUN pip install --no-cache-dir --constraint constraints.txt --editable '.[report]' && useradd --create-home report
USER report
CMD ["python", "-m", "reports"]

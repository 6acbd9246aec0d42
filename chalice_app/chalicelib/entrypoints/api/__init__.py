"""The HTTP API: routes as data, one way of answering, views that are plain functions.

``routes`` names every endpoint and who may use it; ``blueprint`` registers them with Chalice; ``answering`` leads each
request through token, role, ownership, fields and view to an answer or a problem. Views and shapes import pydantic and
are loaded when a request needs them, so that importing the application stays quick.
"""

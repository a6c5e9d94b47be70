"""Additions to FastAPI's OpenAPI document: error responses, picture bodies, examples."""

import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from lenet.server.limits import Limits
from lenet.server.problems import MEDIA_TYPE, problem_json
from lenet.server.queries import parameters

_TEXTS = tomllib.loads(resources.files("lenet.server").joinpath("openapi.toml").read_text("utf-8"))
DESCRIPTION: str = _TEXTS["description"]
FORM_FIELDS: dict[str, str] = _TEXTS["form-fields"]
EXAMPLES: dict[str, Any] = _TEXTS["examples"]
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}
PICTURE_STATUSES = (400, 408, 413, 415, 422, 503, 504)


def error_responses(limits: Limits, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error responses of a path for OpenAPI, each with an example of its sentence."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        texts = {name: text.format(limits=limits) for name, text in _TEXTS["errors"][str(status)].items()}
        content = {"schema": PROBLEM_SCHEMA, "example": json.loads(problem_json(status, texts["sentence"]))}
        responses[status] = {"description": texts["description"], "content": {MEDIA_TYPE: content}}
    if 503 in responses:
        responses[503]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return responses


def example(value: Any) -> dict[int | str, dict[str, Any]]:
    """The example of an answer."""
    return {200: {"content": {"application/json": {"example": value}}}}


def picture_operation(query: type[BaseModel], other_fields: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Parameters and body of a path that takes a picture, and what other fields of a form hold."""
    picture = {"type": "string", "format": "binary"}
    fields = {"picture": "A picture file.", **other_fields}
    form = {
        "type": "object",
        "properties": {name: picture | {"description": description} for name, description in fields.items()},
        "required": ["picture"],
        "additionalProperties": False,
    }
    media_types = ("image/png", "image/jpeg", "image/tiff", "image/webp", "application/pdf", "application/octet-stream")
    return {
        "parameters": parameters(query),
        "requestBody": {
            "required": True,
            "description": "A picture file: as it is, or in the field `picture` of a form. "
            "PNG, JPEG, TIFF, WebP, BMP, GIF, PNM; HEIC and PDF where their packages are installed. "
            "Of several pages or frames the first is read; `/v1/read` reads all pages with `pages=all`.",
            "content": {"multipart/form-data": {"schema": form}}
            | {media_type: {"schema": picture} for media_type in media_types},
        },
    }

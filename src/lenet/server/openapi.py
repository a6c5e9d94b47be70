"""Additions to FastAPI's OpenAPI document: error responses, picture bodies, examples."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from lenet.server.limits import Limits
from lenet.server.problems import MEDIA_TYPE, problem_json
from lenet.server.queries import parameters

DESCRIPTION = (
    "Reads handwritten digits from pictures, and shows what every stage of a LeNet makes of them. "
    "A refusal is one sentence, as `application/problem+json`: besides those told below, 404 for a path that does not "
    "exist, 405 for a method that a path does not take, and, on any path, 408, 414 or 431 for a head that does not "
    "arrive in time or is too long, 400 for one that is damaged."
)
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}
PICTURE_STATUSES = (400, 408, 413, 415, 422, 503, 504)
_DIGIT = {
    "label": "7",
    "probability": 0.9994,
    "rejected": False,
    "box": [31, 40, 118, 97],
    "line": 0,
    "alternatives": [["1", 0.0003], ["9", 0.0001]],
    "no_digit": 0.0002,
}
_ANSWER = {"file": "seven.png", "page": 1, "text": "7", "accepted": "7", "rejected": False, "remark": ""}
READING_EXAMPLE = _ANSWER | {"size": [150, 140], "polarity": "paper-high", "turned": 0, "digits": [_DIGIT]}
READING_EXAMPLE |= {"signs": [], "ignored": [], "cells": []}
PREDICTION_EXAMPLE = {
    "file": "seven.png",
    "class": "7",
    "probability": 0.9942,
    "probabilities": {"7": 0.9942, "1": 0.0013, "2": 0.0009},
    "none": 0.0021,
    "remark": "",
    "network": "lenet-5-relu",
}
ACTIVATIONS_EXAMPLE = {
    "file": "seven.png",
    "network": "lenet-5-relu",
    "digit": _DIGIT,
    "image": [[0, 0, 84, 255]],
    "stages": [{"name": "input", "shape": [1, 28, 28], "values": [[[0.0, 0.0, 0.33, 1.0]]]}],
    "labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none"],
    "smallest_wins": False,
    "probabilities": [0.0, 0.0003, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9994, 0.0, 0.0001],
}


def error_responses(limits: Limits, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error responses of a path for OpenAPI, each with an example of its sentence."""
    sentences = {
        400: ("The form is damaged, or holds anything but one picture.", "bad form (no field 'picture')"),
        404: ("There is no such network.", "unknown network 'lenet6'; did you mean lenet-5?"),
        406: ("Neither form of the answer is accepted.", "Accept is 'text/html', expected application/json"),
        408: ("The body did not arrive in time.", f"the body did not arrive within {limits.timeout:g} seconds"),
        413: (
            f"More than {limits.max_body:,} bytes, or than {limits.max_pixels:,} pixels.",
            "huge.png: 20,000×20,000 pixels; at most 50 million are accepted; make it smaller first",
        ),
        415: (
            "Not a picture, or of a kind that is not read here.",
            "notes.txt: not a picture in a known format; PNG and JPEG always work",
        ),
        422: (
            "A parameter is unknown or has a wrong value, or the picture is damaged, or too small.",
            "seven.png: damaged picture (image file is truncated)",
        ),
        503: (
            f"{limits.concurrency} requests are in progress in this process; Retry-After says when to try again.",
            f"{limits.concurrency} requests are in progress, which is the most at a time; try again in a second",
        ),
        504: (f"Not read within {limits.timeout:g} seconds.", f"not read within {limits.timeout:g} seconds"),
    }
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        description, sentence = sentences[status]
        content = {"schema": PROBLEM_SCHEMA, "example": json.loads(problem_json(status, sentence))}
        responses[status] = {"description": description, "content": {MEDIA_TYPE: content}}
    if 503 in responses:
        responses[503]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return responses


def example(value: Any) -> dict[int | str, dict[str, Any]]:
    """The example of an answer."""
    return {200: {"content": {"application/json": {"example": value}}}}


FORM_FIELDS = {
    "form": "The template of the form that the picture is a page of: a TOML file, as `lenet form new` makes one.",
    "blank": "The picture of the form's blank page, which the template was made of; it comes with `form`.",
}


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

"""Helps cases to get beyond 404 and 412, and knows what no schema can say. Imported by schemathesis (schemathesis.toml)."""

import itertools
import json
import os
import unicodedata

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# What `make contract` has prepared: the ids to put in the place of the contract's examples, and those that must stay.
with open(os.path.join(os.environ["FAIRLEAD_CONTRACT"], "known.json"), encoding="utf-8") as f:
    KNOWN = json.load(f)

# Codes of answers that refuse what the contract's schemas allow, each with the rule that no schema can say.
RULES = {
    "accept_required": "binary answers need their media type in Accept, whatever the parameters are",
    "carrier_refused": "422: the carrier says no",
    "idempotency_key_reused": "a key belongs to the request it was first sent with",
    "idempotency_required": "an order that is confirmed needs a reference or a key, a body or a header",
    "if_match_required": "428: the header is optional in the schema so that its absence has a status of its own",
    "invalid_cursor": "a cursor is opaque; only those that were handed out are any",
    "invalid_request": "422: addresses by country, services by carrier, customs by border, and so on",
    "invalid_size": "a zip has no size",
    "invalid_time": "the bounds of time must leave something between them",
    "label_void": "410: a shipment that is cancelled has no label to be shipped with",
    "no_rate": "422: the carrier offers nothing for this shipment",
    "not_convertible": "406: what the carrier made decides what it can become",
    "reference_taken": "a reference names one shipment for ever",
    "validation_unsupported": "422: not every carrier validates addresses",
    "version_mismatch": "412: the version of If-Match is another one by now",
}

# Codes in errors of an answer that no rule has: they are the schema's own words, and who obeys it must never read them.
SCHEMA = {"enum", "format", "maxItems", "maxLength", "maximum", "minItems", "minimum", "nullable", "pattern", "type", "uniqueItems"}

COUNT = itertools.count(1)
DRAFTS = itertools.cycle(KNOWN["drafts"])
DIMENSIONS = {"length_mm", "width_mm", "height_mm"}
VERSIONS = {}  # the last ETag seen of each shipment


def real(value):
    """The document with what is there in the place of its examples."""
    if isinstance(value, dict):
        return {k: real(v) for k, v in value.items()}
    if isinstance(value, list):
        return [real(v) for v in value]
    return KNOWN["examples"].get(value, value) if isinstance(value, str) else value


def printable(value):
    """The value without control characters, which nothing that is printed may hold."""
    if isinstance(value, dict):
        return {k: printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [printable(v) for v in value]
    return "".join(c for c in value if unicodedata.category(c) != "Cc") if isinstance(value, str) else value


def distinct(value):
    """The value with each text of a list in it once: those from the dictionaries are drawn one by one, and some twice."""
    if isinstance(value, dict):
        return {k: distinct(v) for k, v in value.items()}
    if isinstance(value, list):
        return list(dict.fromkeys(value)) if all(isinstance(v, str) for v in value) else [distinct(v) for v in value]
    return value


def possible(body):
    """An order with the parts of a good one in it: what is drawn at random can hardly ever be shipped."""
    body = printable(body)
    for part, good in KNOWN["parts"].items():
        if isinstance(body.get(part), dict):
            body[part].update(good)
    for parcel in body.get("parcels", []):
        if not DIMENSIONS <= parcel.keys():
            for name in DIMENSIONS & parcel.keys():
                del parcel[name]
    if "reference" in body and "rate" not in body:
        body.setdefault("service", "sim_ground")
        body.setdefault("carrier_account", KNOWN["keep"][0])
    if "service" in body:
        body.pop("rate", None)
    if body.get("service") not in ("cheapest", "fastest"):
        body.pop("filter", None)
    return body


def with_examples(operation, components, examples):
    """Gives an operation's parameters examples of their own."""
    for at, p in enumerate(operation.get("parameters", [])):
        p = components[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p
        if p["name"] in examples:
            operation["parameters"][at] = {**p, "example": examples[p["name"]]}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    raw_schema.update(real(raw_schema))
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for name, body in KNOWN["bodies"].get(operation["operationId"], {}).items():
                operation["requestBody"]["content"]["application/json"].setdefault("examples", {})[name] = {"value": body}
            examples = KNOWN["operations"].get(operation["operationId"], {})
            with_examples(operation, raw_schema["components"]["parameters"], examples)


@schemathesis.hook
def before_call(context, case, kwargs):
    """What can be done once is done to something new each time, with the versions that were seen: else all would be replays."""
    destroys = case.operation.method == "delete" or case.operation.path.endswith("/cancel")
    if destroys and case.path_parameters.get("id") in KNOWN["keep"]:  # filter_case is not asked about examples
        name = case.operation.definition.raw["operationId"]
        case.path_parameters["id"] = KNOWN["operations"][name]["id"]
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    headers, operation = case.headers, case.operation
    if isinstance(case.body, dict) and (body := distinct(case.body)) != case.body:
        case.body = body
    if operation.method != "get" and case.path_parameters.get("id") in KNOWN["drafts"]:
        case.path_parameters["id"] = next(DRAFTS)
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f"{headers['Idempotency-Key'][:80]}-{next(COUNT)}"
    if "If-Match" in operation.headers and next(COUNT) % 4:
        headers["If-Match"] = VERSIONS.get(case.path_parameters["id"], '"1"')
    if isinstance(case.body, dict) and "parcels" in case.body and operation.method == "post":
        if operation.path == "/v1/shipments":
            case.body["reference"] = f"{case.body.get('reference', 'order')[:80]}-{next(COUNT)}"
        if next(COUNT) % 4:
            case.body = possible(case.body)
    media = list(operation.definition.raw["responses"].get("200", {}).get("content", {}))
    if len(media) > 1:
        headers.setdefault("Accept", media[next(COUNT) % len(media)])


@schemathesis.hook
def after_call(context, case, response):
    if "etag" in response.headers:
        body = response.json()
        VERSIONS[body.get("shipment", body)["id"]] = response.headers["etag"][0]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    if problem.get("code") not in RULES:
        return True
    # ShipmentPatch names no members: what is wrong with them shows when the patch is applied.
    named = case.operation.definition.raw["operationId"] != "updateShipment"
    return named and any(p["code"] in SCHEMA for p in problem.get("errors", []))


@schemathesis.check
def undeclared_method_is_no_such_route(ctx, response, case):
    """Stands in for unsupported_method: API Gateway knows routes, and no methods of a path."""
    if response.request.method.lower() not in case.operation.schema.raw_schema["paths"][case.operation.path]:
        assert response.status_code in (401, 404), f"{response.request.method} is answered with {response.status_code}"
        assert response.json()["code"] in ("no_such_route", "not_found", "unauthorized"), response.text

"""Every record that the pipeline makes of the sample site is what docs/article.schema.json says, and holds nothing it does not say:
validated against the schema and against a closed variant made from it."""
import copy
import json
import os
import re

import jsonschema
import pytest

import harness

with open(os.path.join(harness.ROOT, "docs", "article.schema.json"), encoding="utf-8") as f:
    SCHEMA = json.load(f)


def closed(schema):
    """No member that the schema does not name, no word that is not in an open set today."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) if key != "x-known" else value for key, value in schema.items()}
    if "properties" in out and isinstance(out["properties"], dict) and out.get("type") == "object":
        out.setdefault("additionalProperties", False)
    if "x-known" in out:
        out["enum"] = out.pop("x-known")
    return out


OPEN = jsonschema.Draft202012Validator(SCHEMA)
CLOSED = jsonschema.Draft202012Validator(closed(copy.deepcopy(SCHEMA)))


def mistakes(validator, record):
    return ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:300]) for e in validator.iter_errors(record)]


@pytest.fixture(scope="module")
def records():
    folder = harness.Folder()
    site = harness.Site(folder)
    try:
        config = harness.write_config(folder, delay_ms=5)
        out = harness.ask("run", "--config", config, "--state-dir", folder / "state", "--once", *site.urls, timeout=120)
        assert out, "no article was printed"
        yield [json.loads(line) for line in out.splitlines()]
    finally:
        site.close()
        folder.close()


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(closed(copy.deepcopy(SCHEMA)))


def test_records_are_as_the_schema_says(records):
    wrong = ["%s %s" % (r["url"], m) for r in records for m in mistakes(OPEN, r) + mistakes(CLOSED, r)]
    assert not wrong, "\n".join(wrong[:20])


def test_every_member_occurs(records):
    """What the schema names and no sample page has would be untested."""
    seen = {name for r in records for name in r}
    assert set(SCHEMA["properties"]) - seen == {"source_name"}, "only a titled source has a source_name"


def test_the_schema_is_open_and_its_variant_is_not(records):
    record = dict(records[0], later="a member of 1.1", blocks=[{"kind": "poem", "text": "x", "lines": 3}])
    assert mistakes(OPEN, record) == []
    assert len(mistakes(CLOSED, record)) == 3


@pytest.mark.parametrize("change", [
    {"id": "0123"}, {"version": 0}, {"revision": "1"}, {"published_at": "2026-11-25"}, {"url": "ftp://a.example/"}, {"text": ""}, {"language": "English!"},
    {"blocks": [{"kind": "paragraph"}]}, {"quality": {"score": 2, "warnings": []}}, {"schema": "tidings.article/2.0"}])
def test_what_is_wrong_is_found(records, change):
    assert mistakes(OPEN, dict(records[0], **change))


def test_articles_name_this_schema():
    """The header ce_dataschema of every article is the schema's $id."""
    with open(os.path.join(harness.ROOT, "pipeline", "article.h"), encoding="utf-8") as f:
        assert re.search(r'#define ARTICLE_DATASCHEMA "(.*)"', f.read()).group(1) == SCHEMA["$id"]

# SPDX-License-Identifier: MIT
"""Prometheus' text exposition format 0.0.4, read strictly: whatever a scraper could stumble over is an error."""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
VALUE = re.compile(r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)\Z")
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


class Malformed(Exception):
    pass


def need(condition, line, why):
    if not condition:
        raise Malformed(f"{why}: {line!r}")


def read_labels(text, line):
    """name="value",... up to and with the brace; returns the labels and what is behind."""
    labels = {}
    while True:
        name, equals, text = text.partition("=")
        need(equals and LABEL.match(name) and not name.startswith("__"), line, "no label's name")
        need(name not in labels, line, "a label twice")
        need(text.startswith('"'), line, "a value without quotes")
        value, at = "", 1
        while True:
            need(at < len(text), line, "a value without end")
            if text[at] == '"':
                break
            if text[at] == "\\":
                need(at + 1 < len(text) and text[at + 1] in '\\"n', line, "no such escape")
                value += {"\\": "\\", '"': '"', "n": "\n"}[text[at + 1]]
                at += 1
            else:
                value += text[at]
            at += 1
        labels[name] = value
        text = text[at + 1:]
        need(text[:1] in (",", "}"), line, "neither , nor }")
        if text[0] == "}":
            return labels, text[1:]
        text = text[1:]


def read_sample(line):
    match = re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line)
    need(match, line, "no metric's name")
    name, rest, labels = match.group(), line[match.end():], {}
    if rest.startswith("{"):
        labels, rest = read_labels(rest[1:], line)
    need(rest.startswith(" ") and VALUE.match(rest[1:]), line, "no value")
    return name, labels, float(rest[1:]) if "." in rest else int(rest[1:])


class Metrics:
    """types: family -> type; samples: family -> [(labels, value)]."""

    def __init__(self, data):
        text = data.decode("utf-8")
        need(text.endswith("\n"), text[-80:], "the last line does not end")
        self.types, self.samples, helped, current = {}, {}, set(), None
        for line in text.split("\n")[:-1]:
            if line.startswith("# HELP "):
                _, _, name, text = line.split(" ", 3)
                need(NAME.match(name) and text and name not in helped, line, "help")
                helped.add(name)
                current = name
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                need(name == current and kind in TYPES and name not in self.types, line, "type")
                need((kind == "counter") == name.endswith("_total"), line, "a counter's name")
                self.types[name], self.samples[name] = kind, []
            else:
                name, labels, value = read_sample(line)
                need(name == current and name in self.types, line, "not in its family")
                need(not math.isnan(value), line, "not a number")
                need(self.types[name] != "counter" or value >= 0, line, "a counter below 0")
                need(all(labels != other for other, _ in self.samples[name]), line, "a sample twice")
                need(all(labels.keys() == other.keys() for other, _ in self.samples[name]), line,
                     "other labels than its family")
                self.samples[name].append((labels, value))

    def value(self, family, **labels):
        """Of the one sample with exactly these labels; 0 if there is none."""
        found = [value for have, value in self.samples["walwire_" + family] if have == labels]
        return found[0] if found else 0

    def events(self, kind, schema="", table=""):
        return self.value("events_total", kind=kind, schema=schema, table=table)

    def labels(self, family):
        """Of a family with one sample."""
        (labels, _), = self.samples["walwire_" + family]
        return labels

    def blocked_by(self):
        rule, = [labels["blocked_by"] for labels, value in self.samples["walwire_idle_advance"] if value]
        return rule

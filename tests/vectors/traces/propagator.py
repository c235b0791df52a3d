"""What OpenTelemetry's propagator for Python makes of `traceparent` and `tracestate`.

The inputs are those of the W3C's test suite (trace-context/test/test.py), by the names of its tests, and others beside
them. `python propagator.py >propagator.json` makes the table again.
"""

import json
import logging

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

logging.disable(logging.CRITICAL)

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
GOOD = f"00-{TRACE}-{SPAN}-01"


def parents():
    yield "good", GOOD
    yield "not_sampled", f"00-{TRACE}-{SPAN}-00"
    yield "letters", f"00-abcdef0123456789abcdef0123456789-abcdef0123456789-01"
    yield "empty", ""
    yield "version_0x00_more", f"{GOOD}."
    yield "version_0x00_more_dash", f"{GOOD}-what-the-future-will-be-like"
    yield "version_0xcc", f"cc-{TRACE}-{SPAN}-01"
    yield "version_0xcc_dash", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"
    yield "version_0xcc_last_dash", f"cc-{TRACE}-{SPAN}-01-"
    yield "version_0xcc_no_dash", f"cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like"
    yield "version_0xcc_three_flags", f"cc-{TRACE}-{SPAN}-011"
    yield "version_0xfe", f"fe-{TRACE}-{SPAN}-01"
    yield "version_0xff", f"ff-{TRACE}-{SPAN}-01"
    yield "version_0xff_dash", f"ff-{TRACE}-{SPAN}-01-"
    yield "version_illegal_characters", f".0-{TRACE}-{SPAN}-01"
    yield "version_illegal_characters_2", f"0.-{TRACE}-{SPAN}-01"
    yield "version_upper", f"CC-{TRACE}-{SPAN}-01"
    yield "version_too_long", f"000-{TRACE}-{SPAN}-01"
    yield "version_too_short", f"0-{TRACE}-{SPAN}-01"
    yield "version_missing", f"-{TRACE}-{SPAN}-01"
    yield "trace_id_all_zero", f"00-{'0' * 32}-{SPAN}-01"
    yield "trace_id_nearly_zero", f"00-{'0' * 31}1-{SPAN}-01"
    yield "trace_id_illegal_characters", f"00-.{TRACE[1:]}-{SPAN}-01"
    yield "trace_id_illegal_characters_2", f"00-{TRACE[1:]}g-{SPAN}-01"
    yield "trace_id_upper", f"00-ABCDEF0123456789ABCDEF0123456789-{SPAN}-01"
    yield "trace_id_sign", f"00-+{TRACE[1:]}-{SPAN}-01"
    yield "trace_id_space", f"00- {TRACE[1:]}-{SPAN}-01"
    yield "trace_id_too_long", f"00-{TRACE}3-{SPAN}-01"
    yield "trace_id_too_short", f"00-{TRACE[1:]}-{SPAN}-01"
    yield "trace_id_moved_dash", f"00-{TRACE[1:]}-{SPAN}1-01"
    yield "parent_id_all_zero", f"00-{TRACE}-{'0' * 16}-01"
    yield "parent_id_nearly_zero", f"00-{TRACE}-{'0' * 15}1-01"
    yield "parent_id_illegal_characters", f"00-{TRACE}-.{SPAN[1:]}-01"
    yield "parent_id_upper", f"00-{TRACE}-ABCDEF0123456789-01"
    yield "parent_id_too_long", f"00-{TRACE}-{SPAN}7-01"
    yield "parent_id_too_short", f"00-{TRACE}-{SPAN[1:]}-01"
    yield "trace_flags_illegal_characters", f"00-{TRACE}-{SPAN}-.0"
    yield "trace_flags_illegal_characters_2", f"00-{TRACE}-{SPAN}-0."
    yield "trace_flags_sign", f"00-{TRACE}-{SPAN}-+1"
    yield "trace_flags_upper", f"00-{TRACE}-{SPAN}-0A"
    yield "trace_flags_too_long", f"00-{TRACE}-{SPAN}-001"
    yield "trace_flags_too_short", f"00-{TRACE}-{SPAN}-1"
    yield "trace_flags_missing", f"00-{TRACE}-{SPAN}-"
    yield "trace_flags_random", f"00-{TRACE}-{SPAN}-02"
    yield "trace_flags_random_and_sampled", f"00-{TRACE}-{SPAN}-03"
    yield "trace_flags_unknown", f"00-{TRACE}-{SPAN}-ff"
    yield "other_dashes", GOOD.replace("-", "_")
    yield "no_dashes", GOOD.replace("-", "")
    yield "two_in_one", f"{GOOD},{GOOD}"
    yield "quoted", f'"{GOOD}"'
    yield "parts_missing", f"00-{TRACE}"
    yield "not_ascii", f"00-{TRACE[1:]}é-{SPAN}-01"


def states():
    yield "all_allowed_characters", ["foo=1", "".join(map(chr, range(ord("a"), ord("z") + 1))) + "0123456789_-*/=x"]
    yield "one_member", ["foo=1"]
    yield "two_members", ["foo=1,bar=2"]
    yield "included_traceparent_multiple_headers", ["foo=1", "bar=2"]
    yield "ows_handling", ["foo=1 \t , \t bar=2, \t baz=3"]
    yield "ows_handling_outside", [" foo=1", "\tbar=2", "baz=3 "]
    yield "empty_header", ["foo=1", ""]
    yield "empty_header_first", ["", "foo=1"]
    yield "empty_members", ["foo=1,,,bar=2,"]
    yield "nothing", [""]
    yield "inner_blank", ["foo=b r"]
    yield "leading_blank_of_value", ["foo= bar"]
    yield "duplicated_keys", ["foo=1,foo=1"]
    yield "duplicated_keys_other_value", ["foo=1,foo=2"]
    yield "duplicated_keys_two_headers", ["foo=1", "foo=1"]
    yield "key_illegal_characters_space", ["foo =1"]
    yield "key_illegal_characters_upper", ["FOO=1"]
    yield "key_illegal_characters_dot", ["foo.bar=1"]
    yield "key_illegal_vendor_format_empty", ["foo@=1,bar=2"]
    yield "key_illegal_vendor_format_at_first", ["@foo=1,bar=2"]
    yield "key_illegal_vendor_format_two_ats", ["foo@@bar=1,bar=2"]
    yield "key_vendor", ["foo@bar=1,bar=2"]
    yield "key_length_limit", ["foo=1," + "z" * 256 + "=1"]
    yield "key_too_long", ["foo=1," + "z" * 257 + "=1"]
    yield "key_missing", ["foo=1,=2"]
    yield "value_illegal_characters_equals", ["foo=bar=baz"]
    yield "value_illegal_characters_last_equals", ["foo=,bar=3"]
    yield "value_missing", ["foo=1,bar"]
    yield "value_control", ["foo=1\x01"]
    yield "value_delete", ["foo=1\x7f"]
    yield "value_not_ascii", ["foo=é"]
    yield "value_length_limit", ["foo=" + "1" * 256]
    yield "value_too_long", ["foo=" + "1" * 257]
    yield "member_count_limit", [",".join(f"bar{number:02}=1" for number in range(32))]
    yield "member_count_limit_passed", [",".join(f"bar{number:02}=1" for number in range(33))]


def made_of(parent, state):
    """None where the trace is to begin anew."""
    headers = {"traceparent": [parent], "tracestate": state}
    context = trace.get_current_span(TraceContextTextMapPropagator().extract(headers)).get_span_context()
    if not context.is_valid:
        return None
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
        "sampled": context.trace_flags.sampled,
        "tracestate": context.trace_state.to_header(),
    }


cases = [(name, parent, []) for name, parent in parents()] + [(name, GOOD, state) for name, state in states()]
table = [
    {"name": name, "traceparent": parent, "tracestate": state, "made_of_it": made_of(parent, state)}
    for name, parent, state in cases
]
print(json.dumps(table, indent=1))

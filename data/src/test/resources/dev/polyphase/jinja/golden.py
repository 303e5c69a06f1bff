"""Writes golden.json beside this file: what Python's jinja2 renders for templates of our own.

The environment is the one that transformers sets up for chat templates: the immutable sandbox with
trim_blocks and lstrip_blocks, loop controls, tojson without HTML escaping, raise_exception, and a
{% generation %} tag that renders its body. Run it with: python3 golden.py   (needs jinja2 3.1)
"""

import json
import pathlib

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_written")
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _written(self, caller):
        return caller()


def raise_exception(message):
    raise TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Gr\u00fc\u00dfe, \u4e16\u754c \U0001f600!\n"},
        {"role": "assistant", "content": "  Hi <b>{{ no }} {% tag %}</b>  "},
        {"role": "user", "content": ""},
    ],
    "add_generation_prompt": True,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "tools": None,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "It's \"hot\" <here> & \u00e4\u4e16\u2028",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 3}},
            "required": ["city"],
            "limits": [1.0, 2.5e-7, 1e16, 123456789012345678901234567890, -0.0, True, False, None, [], {}],
        },
    },
}
TOOLS = dict(CHAT, tools=[TOOL])
DATA = {
    "numbers": [3, 1, 2],
    "words": ["beta", "Alpha", "gamma", "alpha"],
    "text": "Hello, World",
    "emoji": "a\U0001f600b\u00e4",
    "empty": "",
    "nothing": None,
    "yes": True,
    "half": 0.5,
    "person": {"name": "Ada", "age": 36, "items": "shadowed", "tags": ["x", "y"]},
    "people": [
        {"name": "Ada", "age": 36, "home": {"city": "London"}},
        {"name": "bob", "age": 7, "home": {"city": "Bonn"}},
        {"name": "Cy", "age": 36},
    ],
    "nested": [[1, 2], [3, 4]],
    "lines": "one\n\ntwo\r\nthree\n",
}

VARIABLES = []
CASES = []


def case(name, template, variables=DATA):
    try:
        rendered = {"expected": environment.from_string(template).render(**variables)}
    except TemplateError as e:
        rendered = {"error": str(e)}
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, RecursionError) as e:
        rendered = {"error": str(e)}
    if variables not in VARIABLES:
        VARIABLES.append(variables)
    number = VARIABLES.index(variables)
    CASES.append({"name": name, "template": template, "variables": number, **rendered})


def prints(name, *expressions, variables=DATA):
    for number, expression in enumerate(expressions):
        case(f"{name} {number}: {expression}", "[{{ " + expression + " }}]", variables)


# Whitespace.
case("final line feed", "a\n")
case("two final line feeds", "a\n\n")
case("final line feed after a tag", "{% if yes %}a{% endif %}\n")
case("other line ends", "a\r\nb\rc\n{% if yes %}\r\nd{% endif %}\r\n")
case("trim and lstrip", "a\n  {% if yes %}\n    b\n  {% endif %}\nc\n")
case("lstrip not after text", "a  {% if yes %}  b  {% endif %}  c")
case("tabs and other spaces before a tag", "a\n \t\u00a0{% if yes %}b{% endif %}")
case("trim takes one line feed", "{% if yes %}\n\na{% endif %}")
case("trim needs the line feed at once", "{% if yes %} \na{% endif %}")
case("print keeps", "a\n  {{ yes }}\n  b")
case("minus before", "a \n\t {%- if yes %} b{% endif %}")
case("minus after", "{% if yes -%} \n\n b {% endif %}")
case("minus at prints", "a \n {{- yes -}} \n b")
case("plus before", "a\n  {%+ if yes %}b{% endif %}")
case("plus after", "{% if yes +%}\nb{% endif %}")
case("comment", "a {# {{ b }} {% c #} d")
case("comments trim", "a\n  {# x #}\n  b {#- y -#} \n c")
case("comment over lines", "a\n{#\n x\n#}\nb")
case("line start after trimmed tag", "{% set x = 1 %}\n  {% set y = 2 %}\n  z")
case("line start after minus", "{% set x = 1 -%}\n  {% set y = 2 %}\n  z")
case("raw", "{% raw %}{{ a }} {% b %}{# c #}{% endraw %}!")
case("raw whitespace", "a\n  {% raw %}\n  x\n  {% endraw %}\nb")
case("raw minus", "a {%- raw -%} \n {{ x }} \n {%- endraw -%} \n b")
case("lone braces", "{ a } {% if yes %}{{ '{' }}{% endif %} }} %} #}")
case("braces in a print", "{{ {'a': {'b': 1}}['a']['b'] }}")
case("string with delimiters", "{{ '}}' }}{{ \"%}\" }}{% if '%}' == '%}' %}x{% endif %}")
case("minus number", "{{-1}}{{ -1 }}")

# Values as text.
prints("text of", "yes", "nothing", "half", "1e100", "1e16", "1e15", "1.5e-7", "0.0001", "10 / 4", "4 / 2",
       "numbers", "person", "(1,)", "()", "(1, 'a')", "[none, true, 1.0]", "{'a': 'it\\'s', 'b': \"q\\\"'\"}",
       "['\\n\\t\\\\', '\\x07', '\\u00a0', '\\u00e4', emoji]", "missing", "[missing]", "{1: 2, 'x': (1, 2)}",
       "'a' 'b'", "1_000", "1, 2", "'\\u4e16\\x41\\101\\q\\'\\\"'", "123456789012345678901234567890")

# Operators.
prints("arithmetic", "1 + 2 * 3", "(1 + 2) * 3", "7 // 2", "-7 // 2", "7 % 3", "-7 % 3", "7 % -3", "-7.5 % 2", "7.5 // 2",
       "2 ** 10", "2 ** -1", "2 ** 3 ** 2", "-2 ** 2", "1 - -1", "+1", "true + true", "10 / 3", "1 / 0", "1 // 0", "1 % 0", "0.1 + 0.2",
       "2 ** 64 * 2 ** 64", "1 + 'a'", "'a' + 1", "'a' + 'b'", "'ab' * 3", "3 * 'ab'", "[1] * 2", "[1] + [2]", "(1,) + (2,)", "[1] + (2,)",
       "missing + 1", "1 + missing", "-missing", "-'a'", "nothing + 1")
prints("concatenation", "1 ~ 'a' ~ none ~ true ~ missing ~ [1]", "1 + 2 ~ 3 * 4", "'a' ~ 'B' | lower")
prints("comparison", "1 == 1.0", "1 == true", "'a' != 'b'", "1 < 2 < 3", "1 < 3 < 2", "3 > 2 >= 2", "'a' < 'b'", "'B' < 'a'", "[1, 2] < [1, 3]",
       "1 < 'a'", "missing == other", "missing == none", "missing < 1", "(1, 2) == [1, 2]", "{'a': 1} == {'a': 1.0}", "none == none",
       "1 in numbers", "4 not in numbers", "'ell' in text", "'name' in person", "'x' in missing", "missing in numbers", "1 in 'a'", "1 in 1", "not 1 in numbers",
       "'a' in ('a', 'b')")
prints("logic", "not yes", "not nothing and yes", "nothing or 'x'", "empty or 0 or []", "1 and 2", "0 and missing.a", "yes or missing.a",
       "'a' if yes else 'b'", "'a' if nothing else 'b'", "'a' if nothing", "('a' if nothing) is defined",
       "'a' if nothing else 'b' if nothing else 'c'", "not missing", "1 if 2 > 1 and not (3 < 2) else 0")

# Lookups.
prints("attribute", "person.name", "person['name']", "person.missing", "person.missing is defined", "missing.a", "missing['a']", "person.missing.a",
       "person['items']", "nothing.a", "nothing['a']", "text.missing", "numbers.0", "numbers.9", "people[0].home.city", "people[2].home.city",
       "people[2].home", "person.get('name')", "person.get('x')", "person.get('x', 'y')", "person.pop('name')", "numbers.append(1)",
       "person.keys() | list", "person.values() | list | length", "person.items() | list | first", "numbers.index(1)", "numbers.index(9)", "numbers.count(1)", "numbers.__class__", "yes()", "missing()")
prints("index", "numbers[0]", "numbers[-1]", "numbers[5]", "numbers[-4]", "text[0]", "text[-1]", "emoji[1]", "emoji[2]", "text[99]", "numbers[true]", "numbers['a']", "nested[1][0]",
       "numbers[5] is defined", "numbers[1.5]")
prints("slice", "numbers[1:]", "numbers[:2]", "numbers[:-1]", "numbers[::-1]", "numbers[::2]", "numbers[-2:]", "numbers[5:]", "numbers[2:0:-1]", "numbers[-9:9]", "numbers[9:-9:-1]",
       "text[1:4]", "text[::-1]", "emoji[1:3]", "emoji[::-1]", "text[:none]", "(1, 2, 3)[1:]", "range(10)[2:8:3] | list", "numbers[::0]", "nothing[1:]", "missing[1:]", "person[1:]",
       "numbers[1:2][0]", "text[-5:][:2]", "numbers['a':]")

# Statements.
case("if", "{% if nothing %}a{% elif empty %}b{% elif yes %}c{% else %}d{% endif %}")
case("else", "{% if nothing %}a{% else %}b{% endif %}")
case("truth", "{% for x in [0, 1, 0.0, '', ' ', [], [0], {}, {'a': 1}, none, true, false, ()] %}{{ 1 if x else 0 }}{% endfor %}{{ 1 if missing else 0 }}")
case("set", "{% set a = 1 %}{% set b, c = 2, 3 %}{% set d = a, b %}{{ a }}{{ b }}{{ c }}{{ d }}")
case("set nested targets", "{% set (a, (b, c)) = (1, (2, 3)) %}{{ a }}{{ b }}{{ c }}")
case("set too few", "{% set a, b = [1] %}")
case("set block", "{% set a %}x{{ yes }}y\n{% endset %}[{{ a }}]")
case("set block filtered", "{% set a | upper | trim %} x {% endset %}[{{ a }}]")
case("set in if reaches out", "{% if yes %}{% set a = 1 %}{% endif %}{{ a }}")
case("set in for stays", "{% set a = 1 %}{% for x in numbers %}{% set a = x %}{{ a }}{% endfor %}{{ a }}")
case("set in for starts anew each round", "{% for x in numbers %}{{ b is defined }}{% set b = x %}{% endfor %}")
case("namespace", "{% set ns = namespace(a=1, b='x') %}{% for x in numbers %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}{{ ns['a'] }}")
case("namespace of dict", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}")
case("attribute of no namespace", "{% set person.name = 1 %}")
case("for", "{% for x in numbers %}{{ x }},{% endfor %}")
case("for over dict", "{% for k in person %}{{ k }};{% endfor %}{% for k, v in person.items() %}{{ k }}={{ v }};{% endfor %}")
DATA2 = dict(DATA, plain={"a": 1, "b": [2]})
case("for over items", "{% for k in plain %}{{ k }};{% endfor %}{% for k, v in plain.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in plain | items %}{{ k }}={{ v }};{% endfor %}", DATA2)
case("for over text", "{% for c in emoji %}{{ c }}.{% endfor %}")
case("for over missing", "{% for x in missing %}a{% else %}b{% endfor %}")
case("for over none", "{% for x in nothing %}a{% endfor %}")
case("for over number", "{% for x in 5 %}a{% endfor %}")
case("for else", "{% for x in [] %}a{% else %}b{% endfor %}{% for x in [1] %}a{% else %}b{% endfor %}")
case("for if", "{% for x in numbers if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}none{% endfor %}")
case("for if none left", "{% for x in numbers if x > 9 %}a{% else %}none{% endfor %}")
case("for unpacks", "{% for a, b in nested %}{{ a }}-{{ b }} {% endfor %}{% for (a, b) in nested %}{{ a + b }}{% endfor %}")
case("for ternary in parentheses", "{% for x in (numbers if yes else words) %}{{ x }}{% endfor %}")
case("for with filter", "{% for x in numbers | sort %}{{ x }}{% endfor %}{% for x in numbers[1:] + [9] %}{{ x }}{% endfor %}")
case("loop", "{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}")
case("loop neighbours", "{% for x in numbers %}[{{ loop.previtem }}|{{ x }}|{{ loop.nextitem }}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}]{% endfor %}")
case("loop of outer", "{% for x in nested %}{% set outer = loop %}{% for y in x %}{{ outer.index }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}")
case("loop outside", "{{ loop is defined }}")
case("loop missing attribute", "{% for x in numbers %}{{ loop.nope is defined }}{% endfor %}")
case("break", "{% for x in numbers %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}!")
case("continue", "{% for x in numbers %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}!")
case("break inner alone", "{% for a in nested %}{% for b in a %}{% break %}{% endfor %}{{ a }}{% endfor %}")
case("macro", "{% macro m(a, b='x', c=a) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}")
case("macro too many", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}")
case("macro unknown", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}")
case("macro sees outside", "{% set x = 1 %}{% macro m() %}{{ x }}{{ yes }}{% endmacro %}{% set x = 2 %}{{ m() }}")
case("macro keeps inside", "{% macro m() %}{% set x = 5 %}{{ x }}{% endmacro %}{{ m() }}{{ x is defined }}")
case("macro calls itself", "{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }}")
case("macro is a string", "{% macro m() %} a {% endmacro %}[{{ m() | trim }}]{{ m() is string }}{{ m is callable }}")
case("macro whitespace", "{% macro m() %}\n  a\n{% endmacro %}\n[{{ m() }}]")
case("macro with a loop", "{% macro all(xs) -%}\n  {%- for x in xs %}{{ x }}{{ ', ' if not loop.last }}{% endfor -%}\n{%- endmacro %}{{ all(numbers) }}")
case("call", "{% macro box(t) %}[{{ t }}:{{ caller() }}]{% endmacro %}{% call box('a') %}x{{ yes }}{% endcall %}")
case("call with parameters", "{% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(v) each(numbers) %}<{{ v }}>{% endcall %}")
case("filter block", "{% filter upper | trim %}  a{{ text }} {% endfilter %}!")
case("with", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}")
case("generation", "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}\n{% else %}{{ m.content }}{% endif %}{% endfor %}", CHAT)
case("generation keeps inside", "{% set a = 1 %}{% generation %}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}")

# Tests.
prints("test", "yes is defined", "missing is defined", "missing is undefined", "missing is not defined", "nothing is none", "nothing is not none", "text is string", "1 is string",
       "person is mapping", "numbers is mapping", "numbers is iterable", "text is iterable", "1 is iterable", "missing is iterable", "numbers is sequence", "person is sequence", "1 is sequence", "missing is sequence",
       "1 is number", "true is number", "1.0 is number", "'1' is number", "1 is integer", "true is integer", "1.0 is float", "true is boolean", "1 is boolean", "true is true", "1 is true", "false is false",
       "3 is odd", "3 is even", "-3 is odd", "6 is divisibleby 3", "6 is divisibleby(4)", "1 is in numbers", "9 is not in numbers", "1 is in([1])", "1 is eq 1", "1 is equalto(2)", "1 is ne 2", "2 is gt 1", "1 is lt 1", "1 is le 1", "1 is ge 2",
       "nothing is sameas none", "1 is sameas true", "'a' is lower", "'A1' is upper", "'1' is upper", "(1, 2) is sequence", "range(3) is iterable", "text is defined and yes", "missing is defined or yes", "'x' if missing is defined else 'y'", "raise_exception is callable",
       "missing.a is defined", "not missing is defined", "1 is nosuchtest", "person.keys() is sequence", "person.items is string")

# Filters.
prints("default", "missing | default('x')", "missing | default", "nothing | default('x')", "nothing | default('x', true)", "empty | d('x', boolean=true)", "missing.a | default('x')", "yes | default('x')", "missing | default(default_value=3)")
prints("text filter", "text | upper", "text | lower", "'hello wORLD' | title", "\"it's a-b (c)\" | title", "'hELLO' | capitalize", "'  a ' | trim", "'xxaxx' | trim('x')", "missing | trim", "5 | trim", "'\\n a\\u00a0\\u2003' | trim",
       "'a.b.a' | replace('a', 'c')", "'a.b.a' | replace('a', 'c', 1)", "'ab' | replace('', '-')", "'<a href=\"x\">&\\'' | e", "'<' | escape", "'<b>' | safe", "5 | string", "none | string", "'stra\\u00dfe' | upper", "'a' | nosuchfilter")
prints("indent", "lines | indent", "lines | indent(2)", "lines | indent(2, true)", "lines | indent(2, first=true, blank=true)", "lines | indent('> ')", "'' | indent(2, true)", "'a' | indent(width=3)")
prints("number filter", "'42' | int", "'4x' | int", "'4x' | int(7)", "'4.9' | int", "4.9 | int", "-4.9 | int", "true | int", "none | int", "' 1_0 ' | int", "'1.5' | float", "'x' | float", "3 | float", "-3 | abs", "-0.5 | abs", "-1 | abs",
       "2.5 | round", "3.5 | round", "2.675 | round(2)", "2.1 | round(0, 'ceil')", "2.9 | round(method='floor')", "7 | round", "15 | round(-1)", "7 | round(method='ceil')", "1234 | round(-2)", "missing | int", "'abc' | abs")
prints("series filter", "numbers | length", "text | length", "emoji | length", "person | length", "missing | length", "5 | length", "person | count", "numbers | first", "numbers | last", "[] | first", "[] | last", "emoji | first", "emoji | last", "emoji | list", "person | list",
       "numbers | join", "numbers | join(', ')", "people | join('/', attribute='name')", "numbers | join(d='-')", "text | join('.')", "missing | join(',')",
       "numbers | sort", "numbers | sort(reverse=true)", "words | sort", "words | sort(case_sensitive=true)", "people | sort(attribute='age') | map(attribute='name') | list", "people | sort(attribute='home.city') | list | length", "[1, 'a'] | sort",
       "words | unique | list", "words | unique(case_sensitive=true) | list", "numbers | reverse | list", "emoji | reverse", "numbers | max", "numbers | min", "words | max", "people | max(attribute='age')", "[] | max is defined", "numbers | sum", "people | sum(attribute='age')", "people | sum('age', 100)",
       "words | map('upper') | list", "words | map('replace', 'a', '_') | join(' ')", "people | map(attribute='home.city', default='?') | list", "people | map(attribute='home.city') | list", "nested | map('first') | list", "nested | map(attribute=1) | list", "words | map('length') | sum",
       "numbers | select('odd') | list", "numbers | reject('odd') | list", "[0, 1, ''] | select | list", "numbers | select('gt', 1) | list", "people | selectattr('home') | map(attribute='name') | list", "people | selectattr('age', 'equalto', 36) | list | length", "people | rejectattr('age', '==', 36) | map(attribute='name') | first",
       "people | selectattr('home', 'defined') | list | length", "people | rejectattr('home', 'defined') | map(attribute='name') | join", "numbers | map('nosuch') | list", "numbers | select('odd') | length", "1 if numbers | select('gt', 9) else 0",
       "{'b': 1, 'a': 2, 'C': 0} | dictsort", "{'b': 1, 'a': 2} | dictsort(by='value')", "{'b': 1, 'a': 2} | dictsort(reverse=true)", "{'b': 1} | items | list", "missing | items | list", "numbers | items | list", "5 | list", "(numbers | map('string'))[0] is defined")
prints("filter order", "'a' ~ ' b ' | trim ~ 'c'", "-1 | abs", "(1 + 2) | string + '!'", "numbers | first + 1", "not empty | length", "text | lower | upper | length is odd", "text.split(',') | last | trim", "numbers | length > 2 and true")
prints("method", "text.upper()", "text.lower()", "'ab cd'.title()", "\"it's a1b\".title()", "'hELLO w'.capitalize()", "' a '.strip()", "' a '.lstrip() ~ '|'", "' a '.rstrip() ~ '|'", "'xyaxy'.strip('xy')", "'\\n\\na\\n'.lstrip('\\n')", "'a\\n\\n'.rstrip('\\n')", "' a '.strip(none)",
       "text.startswith('He')", "text.startswith(('x', 'He'))", "text.endswith('ld')", "text.endswith('')", "'a,b,,c'.split(',')", "'a,b,c'.split(',', 1)", "' a  b\\tc '.split()", "' a  b  c '.split(none, 1)", "'a,b,c'.rsplit(',', 1)", "' a b  c '.rsplit(none, 1)", "''.split(',')", "''.split()", "'a'.split('')", "'</think>a</think>b'.split('</think>')[-1].lstrip('\\n')",
       "'aXbXc'.split('X', maxsplit=1)", "'aaa'.rsplit('aa')", "'aaa'.split('aa')", "lines.splitlines()", "'a-b-c'.partition('-')", "'abc'.partition('-')", "'a-b-c'.rpartition('-')", "'abc'.rpartition('-')", "'a.b.a'.replace('a', 'c')", "'aaa'.replace('a', 'b', 2)", "'aaa'.replace('aa', 'b')", "', '.join(words)", "','.join([1])", "'banana'.count('an')", "'aaaa'.count('aa')", "'ab'.count('')",
       "emoji.find('b')", "emoji.find('z')", "'abcabc'.rfind('b')", "emoji.index('b')", "'a'.index('z')", "'12'.isdigit()", "''.isdigit()", "'a1'.isalnum()", "'ab'.isalpha()", "' \\t'.isspace()", "'AB1'.isupper()", "'ab1'.islower()", "'12'.isupper()", "'prefix-a'.removeprefix('prefix-')", "'a.txt'.removesuffix('.txt')", "'a'.removesuffix('')", "text.nosuch()", "text.strip(1)", "'a'.strip('x').strip()")

# Functions.
prints("function", "range(3) | list", "range(1, 3) | list", "range(5, 0, -2) | list", "range(3)[1]", "range(0) | length", "range(1000000) | length", "range(0, 3, 0)", "dict(a=1, b=2)", "namespace() is mapping", "raise_exception('stop: ' ~ 1)")
case("raise in a branch", "{% if messages[0].role != 'user' %}{{ raise_exception('The first turn must be a user\\'s!') }}{% endif %}", CHAT)

# JSON.
prints("json", "tools[0] | tojson", "tools | tojson(indent=4)", "tools[0] | tojson(indent=2, ensure_ascii=true)", "tools | tojson(separators=(',', ':'))", "tools[0].function.parameters | tojson(sort_keys=true)", "'<a&b>\\u2028\\x07\"\\\\/\\x7f' | tojson", "emoji_ | default('\\U0001f600') | tojson(ensure_ascii=true)",
       "[] | tojson(indent=2)", "{} | tojson(indent=2)", "(1, 2) | tojson", "{1: 2, none: 3} | tojson", "missing | tojson", "[missing] | tojson", "tools[0] | tojson | length", "none | tojson", "1.0 | tojson", "{'a': [1, {'b': []}]} | tojson(indent='--')", variables=TOOLS)

# Malformed templates.
for number, template in enumerate(
    ["{{ a", "{% if a %}", "{% if %}{% endif %}", "{# a", "{% endif %}", "{% nosuch %}", "{{ a b }}", "{{ 'a }}", "{{ (1 }}", "{{ 1 + }}", "{{ a.  }}", "{{ a[ }}", "{% for x numbers %}{% endfor %}",
     "{% for x in numbers %}", "{% set = 1 %}", "{{ a ? b }}", "{{ [1, 2 }}", "{{ ) }}", "{% macro %}{% endmacro %}", "{{ f(a=1, 2) }}", "{{ x is }}", "{{ x | }}", "{% else %}", "{{ }}", "{% if a %}{% else %}{% elif b %}{% endif %}"]):
    case(f"malformed {number}: {template}", template)

# Templates as models have them, written for this test.
case("chatml", """{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}{% endif %}
""", CHAT)
case("brackets in turns", """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles must alternate') }}
    {%- endif %}
    {%- if message.role == 'user' %}
        {%- if loop.last and system_message is defined %}
            {{- '[INST] ' + system_message + '\\n\\n' + message.content + '[/INST]' }}
        {%- else %}
            {{- '[INST] ' + message.content + '[/INST]' }}
        {%- endif %}
    {%- else %}
        {{- ' ' + message.content + eos_token }}
    {%- endif %}
{%- endfor %}
""", CHAT)
case("tools and thinking", """{%- macro declared(tool) -%}
{{- '- ' ~ tool.function.name ~ ': ' ~ tool.function.description | default('none') }}
{%- for name, property in tool.function.parameters.properties | items %}
{{ '  ' ~ name ~ ' (' ~ property.type ~ ')' }}{{ ' required' if name in tool.function.parameters.required else '' }}
{%- endfor %}
{%- endmacro %}
{%- set ns = namespace(last_user=-1, seen=false) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages | length - 1) - loop.index0 %}
    {%- if message.role == 'user' and not ns.seen %}
        {%- set ns.seen = true %}
        {%- set ns.last_user = index %}
    {%- endif %}
{%- endfor %}
{%- if tools %}
<tools>
{% for tool in tools %}
{{ declared(tool) }}
{{ tool | tojson }}
{% endfor %}
</tools>
{%- endif %}
{% for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if '</think>' in content %}
        {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<' ~ message.role ~ (' last' if loop.index0 == ns.last_user else '') ~ '>' ~ content ~ '\\n' }}
    {%- if message.tool_calls %}
        {%- for call in message.tool_calls %}
            {{- '{"name": "' ~ call.function.name ~ '", "arguments": ' ~ (call.function.arguments if call.function.arguments is string else call.function.arguments | tojson) ~ '}' }}
        {%- endfor %}
    {%- endif %}
    {%- if message.role == 'tool' and (loop.last or loop.nextitem.role != 'tool') %}{{- '|end of tools|' }}{% endif %}
{%- endfor %}
""", dict(TOOLS, messages=CHAT["messages"] + [
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\nyes", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, "<b>"]}}}, {"function": {"name": "g", "arguments": "{}"}}]},
    {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}, {"role": "user", "content": "ok"}]))

path = pathlib.Path(__file__).with_name("golden.json")
lines = ",\n".join(json.dumps(each) for each in CASES)
path.write_text('{"variables": ' + json.dumps(VARIABLES) + ',\n"cases": [\n' + lines + "\n]}\n")
print(len(CASES), "cases,", sum("error" in c for c in CASES), "of them errors")

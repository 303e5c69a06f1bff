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
    except (TypeError, ValueError, ArithmeticError, RuntimeError, LookupError, AssertionError, AttributeError) as e:
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

# Calls with what is not written out, and what macros take of it.
FORMS = "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}"
for number, call in enumerate(
    ["m(*[1, 3])", "m(*(1,), b=4)", "m(**{'a': 1, 'b': 5})", "m(1, **{'b': 6})", "m(*'xy')", "m(*[1], **{'b': 7})", "m(*[1], b=8, **{})", "m(*missing, a=1)", "m(*5)", "m(**5)", "m(a=1, **{'a': 2})", "m(1, *[2, 3])", "m(**{1: 2})",
     "m(*[1,2],)", "range(*[1, 4]) | list", "dict(**person).name", "'a,b,c'.split(*[',', 1])", "numbers | sort(**{'reverse': true})", "'x' is eq(*['x'])", "m(*[1], *[2])", "m(**{}, **{})", "m(*[1], 2)", "m(**{}, *[1])", "m(b=1, *[3])", "m(b=1, 3)"]):
    case(f"spread {number}: {call}", FORMS + "[{{ " + call + " }}]")
case("varargs", "{% macro m(a) %}{{ a }}|{{ varargs }}|{{ varargs | length }}{% endmacro %}{{ m(1, 2, 3) }}{{ m(1) }}{{ m() }}")
case("kwargs", "{% macro m(a) %}{{ a }}|{{ kwargs }}|{% for k, v in kwargs | items %}{{ k }}={{ v }}{% endfor %}{% endmacro %}{{ m(1, b=2, c=[3]) }}{{ m(a=1) }}")
case("both", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, x=2) }}{{ m(*numbers, **{'y': 1}) }}")
case("varargs not taken", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}")
case("kwargs not taken", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, b=2) }}")
case("varargs passed on", "{% macro f(a, b) %}<{{ a }}{{ b }}>{% endmacro %}{% macro m() %}{{ f(*varargs, **kwargs) }}{% endmacro %}{{ m(1, 2) }}{{ m(1, b=3) }}")
case("an attribute of that name", "{% macro m(a) %}{{ a.varargs }}{% endmacro %}{{ m({'varargs': 1}, 2) }}")
case("caller not taken", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}")
case("caller not given", "{% macro m() %}{{ caller is defined }}{{ caller() if caller else 'none' }}{% endmacro %}{{ m() }}{% call m() %}y{% endcall %}")
case("caller of a wrong call", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a) m() %}{{ a }}{% endcall %}")
case("caller with defaults", "{% macro m() %}{{ caller(1) }}{{ caller(1, b=3) }}{% endmacro %}{% call(a, b=2) m() %}{{ a }}{{ b }} {% endcall %}")

# Loops.
TREE = {"tree": [{"n": "a", "in": [{"n": "b"}, {"n": "c", "in": [{"n": "d"}]}]}, {"n": "e", "in": []}], "numbers": [3, 1, 2], "words": ["a", "a", "b", "a"]}
case("recursive loop", "{% for t in tree recursive %}<{{ t.n }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.index }}{{ loop(t['in']) if t['in'] is defined }}>{% else %}-{% endfor %}", TREE)
case("recursive loop with a condition", "{% for t in tree if t.n != 'b' recursive %}{{ t.n }}{% if t['in'] %}({{ loop(t['in']) | upper }}){% endif %}{% endfor %}", TREE)
case("recursive loop within a macro", "{% macro m(x) %}{% for t in x recursive %}{{ t.n }}{{ loop(t['in'] or []) }}{% endfor %}{% endmacro %}[{{ m(tree) }}]", TREE)
case("recursive loop sees what is around it", "{% set p = '.' %}{% for t in tree recursive %}{{ p * loop.depth }}{{ t.n }}{{ loop(t['in']) }}{% endfor %}", TREE)
case("a loop that is not recursive", "{% for t in tree %}{{ loop(t['in']) }}{% endfor %}", TREE)
case("a recursive loop over a number", "{% for t in tree recursive %}{{ loop(5) }}{% endfor %}", TREE)
case("cycle", "{% for n in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}{% for n in numbers %}{{ loop.cycle(*numbers) }}{% endfor %}", TREE)
case("cycle of nothing", "{% for n in numbers %}{{ loop.cycle() }}{% endfor %}", TREE)
case("changed", "{% for w in words %}{{ loop.changed(w) }} {{ loop.changed(w, 1) }} {% endfor %}{% for w in words %}{% if loop.changed(w) %}{{ w }}{% endif %}{% endfor %}", TREE)
case("loop is callable", "{% for n in numbers %}{{ loop is callable }}{{ loop is mapping }}{{ loop | length if loop.first }}{% endfor %}", TREE)
case("loop over a tuple", "{% for n in 1, 2 %}{{ n }}{% endfor %}{% for n in (1, 2, 3) if n > 1 %}{{ n }}{% endfor %}{% for n in 1, 2, if true %}x{% endfor %}")
case("loop over pairs", "{% for a, b in [(1, 2), (3, 4)] recursive %}{{ a }}{{ b }}{% endfor %}")
case("cycler", "{% set c = cycler('a', 'b', 'c') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.current }}{{ c.items }}")
case("cycler of nothing", "{{ cycler() }}")
case("joiner", "{% set j = joiner() %}{% set k = joiner('; ') %}{% for n in numbers %}{{ j() }}{{ n }}{{ k() }}{% endfor %}{{ j() }}")
case("joiner with an argument", "{% set j = joiner() %}{{ j(1) }}")

# Filters of lists.
prints("batch and slice", "[1, 2, 3, 4, 5] | batch(2) | list", "[1, 2, 3, 4, 5] | batch(2, 0) | list", "[1, 2, 3, 4] | batch(2, 'x') | list", "'abcde' | batch(2, '-') | map('join') | list", "[1, 2] | batch(0) | list", "[1] | batch", "[] | batch(2, 1) | list", "missing | batch(2) | list",
       "[1, 2, 3, 4, 5] | slice(2) | list", "[1, 2, 3, 4, 5] | slice(3, 'x') | list", "[1, 2] | slice(3) | list", "[1, 2] | slice(4, 0) | list", "[] | slice(2, 1) | list", "'abcd' | slice(2) | list", "[1] | slice(0) | list", "nothing | slice(2) | list")
prints("groupby", "people | groupby('age') | list", "people | groupby('age') | map(attribute='grouper') | list", "people | groupby('age') | map(attribute='list') | map('length') | list", "people | groupby('home.city', default='-') | map('first') | list", "people | groupby('name') | map(attribute='grouper') | join(',')",
       "words | groupby(0) | map('first') | list", "words | groupby(0, case_sensitive=true) | map('first') | list", "people | groupby", "nothing | groupby('a')", "missing | groupby('a') | list", "(people | groupby('age'))[0] == (7, [people[1]])", "(people | groupby('age'))[0] is sequence", "(people | groupby('age'))[0] | tojson",
       "[{'a': 1}, {'a': 'x'}] | groupby('a')")
case("groupby in a loop", "{% for age, them in people | groupby('age') %}{{ age }}: {{ them | map(attribute='name') | join(', ') }};{% endfor %}{% for g in people | groupby('age') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}")
prints("falsy input", "nothing | selectattr('a') | list", "nothing | selectattr('a', 'eq', 1) | list | length", "nothing | rejectattr('a') | list", "nothing | select | list", "nothing | reject('odd') | list", "nothing | map('upper') | list", "nothing | map(attribute='a') | list", "empty | map('upper') | list", "false | map | list", "0 | select('nope') | list", "missing | map('upper') | list", "missing | selectattr('a') | list", "{} | map | list",
       "nothing | map('upper') | first | default('x')", "nothing | selectattr | list", "5 | map('string') | list", "yes | selectattr('a') | list", "nothing | list", "nothing | join", "nothing | first", "nothing | last", "nothing | length", "nothing | sort", "nothing | unique | list", "nothing | reverse", "nothing | sum", "nothing | min", "nothing | max", "nothing | items | list", "nothing | dictsort", "nothing | batch(2) | list",
       "missing | list", "missing | join", "missing | first", "missing | last", "missing | length", "missing | sort", "missing | unique | list", "missing | sum", "missing | min", "missing | max", "missing | dictsort", "missing | reverse | list", "nothing | trim", "nothing | upper", "nothing | replace('N', 'n')", "nothing | string", "nothing | int", "nothing | float", "nothing | abs", "nothing | round", "nothing | indent", "nothing | tojson", "nothing | capitalize", "nothing | title", "nothing | default('x')", "nothing | default('x', true)", "nothing | e", "missing | trim", "missing | upper", "missing | replace('a', 'b')", "missing | string", "missing | int", "missing | float", "missing | round", "missing | abs", "missing | indent", "missing | title", "missing | e", "missing | wordcount", "nothing | wordcount", "missing | truncate", "nothing | center(6)", "nothing is iterable", "nothing is sequence", "nothing in [none]", "'a' in nothing")
prints("map with arguments", "['a', 'b'] | map('replace', 'a', 'c') | list", "['1', 'x'] | map('int', 7) | list", "['1', 'x'] | map('int', default=8) | list", "numbers | map('string') | map('center', 3) | list", "[[1, 2], [3]] | map('join', '-') | list", "people | map(attribute='home.city', default='none') | list", "people | map(attribute='home', default={}) | map(attribute='city') | list", "nested | map(attribute=0) | list", "nested | map('first') | list", "numbers | map('nope') | list", "numbers | map('tojson', indent=2) | join", "numbers | map(attribute='a', foo=1) | list", "words | map('truncate', 3, true, '') | list", "numbers | map | list",
       "words | select('in', ['beta', 'x']) | list", "numbers | select('gt', 1) | list", "numbers | reject('divisibleby', 2) | list", "people | selectattr('age', 'lt', 30) | map(attribute='name') | list", "people | selectattr('home', 'defined') | list | length", "people | rejectattr('home.city', 'undefined') | list", "people | selectattr('name', 'in', 'Adams') | list | length", "people | selectattr('age', 'nope') | list", "people | selectattr('name', 'string') | map(attribute='age') | sum", "people | map(attribute='age') | max")
prints("sorting", "people | sort(attribute='age,name') | map(attribute='name') | list", "people | sort(attribute='age,name', reverse=true) | map(attribute='name') | list", "people | sum(attribute='age')", "people | sum('age', 100)", "numbers | sum(start=1.5)", "words | sum", "nested | sum(start=[])", "['a'] | sum(start='')", "people | min(attribute='age')", "people | max(attribute='name') | tojson", "words | min", "words | max(case_sensitive=true)", "words | unique(case_sensitive=true) | list", "people | unique(attribute='age') | map(attribute='name') | list", "[true, 1, 1.0, 'a'] | unique | list", "[1, 'a'] | max", "[[2, 1], [1, 9]] | sort")

# Filters of strings and numbers.
prints("more filters", "'ab' | center(6)", "'ab' | center(5)", "'abc' | center(6)", "'ab' | center(1)", "5 | center(4)", "'one two three four' | truncate(12)", "'one two three four' | truncate(12, true)", "'one two three four' | truncate(9, false, '..', 0)", "'one two three' | truncate(10)", "'abcdefghijklmnop' | truncate(8, leeway=0)", "'abc' | truncate(2)", "'a\U0001f600b c' | truncate(4, true, '', 0)", "'one two, three-four' | wordcount", "'' | wordcount", "'%s and %s' | format('a', 1)", "'%(x)s' | format(x=3)", "'%s' | format(1, x=2)", "'%s' | format", "5 | format", "'ff' | int(0, 16)", "'0xff' | int(base=16)", "'0b11' | int(0, 2)", "'0b1' | int(0, 16)", "'0x1f' | int(base=0)", "'z' | int(-1, 36)", "'12' | int(5, 2)", "'_1' | int(9)", "'1_0' | int", "'a1' | replace(1, 2)", "'None' | replace(none, 'x')", "'aaa' | replace('a', 'b', count=1)", "person | attr('name') is defined", "text | attr('upper') is callable", "person | attr('get') is callable", "numbers | attr('nope') is defined", "'a' | attr('upper')()", "1.5 | round | int", "2.675 | round(2)", "1234 | round(-2)", "5 | round(1)", "'a\\nb' | indent(2, true)", "'a\\n\\nb\\n' | indent(2, blank=true)", "'a\\nb' | indent('> ', first=true)", "5 | indent")
prints("more methods", "'ab'.center(6)", "'ab'.center(5, '*')", "'abc'.center(6, '*')", "'abc'.center(7)", "'ab'.ljust(5, '.') ~ '|'", "'ab'.rjust(5)", "'ab'.rjust(1)", "'ab'.ljust(5, '..')", "'42'.zfill(5)", "'-42'.zfill(5)", "'+4'.zfill(2)", "''.zfill(2)", "'aBc'.swapcase()", "'Stra\u00dfe'.casefold()", "'abcabc'.rindex('b')", "'abc'.rindex('z')", "'abcabc'.find('b', 2)", "'abcabc'.find('b', 2, 4)", "'abcabc'.find('b', -2)", "'abc'.find('', 3)", "'abc'.find('', 4)", "'abcabc'.rfind('b', 0, 4)", "'abcabc'.index('c', 3)", "'abcabc'.count('b', 2)", "'abcabc'.count('b', 2, -2)", "'abc'.count('', 1)", "'abc'.startswith('b', 1)", "'abc'.startswith(('x', 'b'), 1, 2)", "'abc'.startswith('bc', 1, 2)", "'abc'.endswith('b', 0, 2)", "'abc'.endswith('', 9)", "'\U0001f600ab'.find('b', 1)", "'a\\nb\\r\\nc'.splitlines(true)", "'a\\nb'.splitlines(keepends=false)", "'12'.isdecimal()", "'\u00bd'.isnumeric()", "'abc'.isascii()", "'\u00e4'.isascii()", "''.isascii()")
prints("more tests", "'upper' is filter", "'nope' is filter", "'odd' is test", "'nope' is test", "5 is filter", "'a' is escaped", "1 is sameas 1", "none is sameas none", "true is sameas true", "1 is sameas true", "3 is eq 3", "3 is ne 4", "3 is lt 4", "3 is le 3", "3 is gt 2", "3 is ge 4", "3 is equalto 3", "3 is lessthan 4", "3 is greaterthan 2", "3 is divisibleby(3)", "3 is not odd", "'a' is in 'abc'", "4 is not in numbers", "1.0 is float", "1 is integer", "true is integer", "true is number", "'1' is number", "missing is iterable", "'a' is lower", "'A1' is upper", "numbers is iterable", "5 is iterable", "person is iterable", "range(2) is sequence", "(numbers | map('string')) is sequence", "(numbers | map('string')) is iterable", "text.upper is callable", "text is callable", "range is callable", "none is none", "missing is none", "false is false", "0 is false", "1 is true", "3 is nope", "'b' is gt 'a'", "[1] is eq [1]", "3 is eq", "3 is divisibleby 0")
prints("dict", "dict([('a', 1), ['b', 2]])", "dict([('a', 1)], b=3)", "dict(5)", "dict([1])", "dict({'a': 1}, a=2)", "dict()")

prints("what can't be a key", "[] in {}", "{} in person", "person.get([])", "{[1]: 2}", "{(1, [2]): 3}", "{(1, 2): 3}[(1, 2)]", "person[[]]", "person[{}] is defined", "nested | unique | list", "dict([([], 1)])", "[] in [[]]")
prints("edges", "'' | replace('', 'x')", "'ab' | replace('', '-')", "'ab'.replace('', '-', 2)", "0 ** -1", "0.0 ** 0", "'12' | round", "missing is callable", "'x' % missing", "'abc'[::-1]", "'abcde'[3:0:-2]", "'a😀bc'[::-1]", "'a😀bc'[1:3]", "('a' ~ emoji)[::2]")

# Filling in.
prints("percent", "'%s' % 'a'", "'%s and %s' % ('a', 1)", "'%d' % 3.9", "'%d' % true", "'%d' % 'a'", "'%i%u' % (1, -2)", "'%5d|%-5d|%05d|%+d|% d' % (42, 42, 42, 42, 42)", "'%5s|%-5s|%05s|%.2s|%5.1s' % ('abc', 'abc', 'abc', 'abc', 'abc')", "'%x %X %#x %o %#o' % (255, 255, 255, 8, 8)", "'%x' % -255", "'%#06x' % 255", "'%.3d|%+.3d|%6.3d|%-6.3d|' % (7, 7, -7, 7)", "'%.3x|%#.3x' % (7, 7)", "'%f %.2f %8.3f %-8.1f| %08.2f %+.1f % .1f' % (1.5, 2.675, 3.14159, 2.25, -3.14159, 1, 2)", "'%e %.2E %.0e %e' % (12345.678, 0.00012, 5.5, 0)", "'%g %g %g %g %.3g %#g %G' % (100000, 1000000, 0.0001, 0.00001, 1234.5, 1.0, 1e-10)", "'%.0f %#.0f %.1f %.0f' % (2.5, 2.5, 0.25, 3.5)", "'%c%c' % ('a', 98)", "'%c' % 'ab'", "'%r %a' % ('\u00e4\\n', 'x')", "'%%' % ()", "'%s%%' % 5", "'%(a)s-%(b)05.1f' % {'a': 1, 'b': 2}", "'%(c)s' % {'a': 1}", "'%(a)s' % (1,)", "'%s' % {'a': 1}", "'%s' % [1, 2]", "'%s' % none", "'%s' % missing", "'%d' % missing", "'%s %s' % ('a',)", "'%s' % ('a', 'b')", "'x' % 1", "'x' % [1]", "'x' % {'a': 1}", "'x' % ()", "'%*d|%-*d|' % (5, 1, 4, 2)", "'%.*f' % (2, 1.239)", "'%*s' % ('a', 1)", "'%' % 1", "'%5' % 1", "'%y' % 1", "'%s' % ((1, 2),)", "'%ld' % 5", "'%s' % 1e16", "'%d' % 12345678901234567890123", "'%.2f' % 1e22", "'%f' % 'a'", "'a%sb' ~ 'c' % 1", "'%s' % 'a' ~ 'b'", "'%s' % '%s'", "'\U0001f600%3s' % '\U0001f601'", "5 % 3")
prints("format", "'{}'.format('a')", "'{} and {}'.format(1, 'b')", "'{0}{1}{0}'.format('a', 'b')", "'{x}{y}'.format(x=1, y=2)", "'{}{x}'.format(1, x=2)", "'{{}}{}'.format(1)", "'{'.format()", "'}'.format()", "'{}'.format()", "'{1}'.format(0)", "'{x}'.format(y=1)", "'{p[name]} {p[tags][0]} {n[1]}'.format(p=person, n=numbers)", "'{p.name}'.format(p=person)", "'{p.nope}'.format(p=person)", "'{0!r} {0!s} {1!r}'.format('a', none)", "'{!x}'.format(1)", "'{:>5}|{:<5}|{:^5}|{:*^7}|{:5}|{:5}|'.format('a', 'b', 'c', 'd', 'e', 1)", "'{:.2}|{:5.1}|'.format('abc', 'abc')", "'{:05}|{:+}|{: }|{:-}'.format(42, 42, 42, 42)", "'{:05}'.format('a')", "'{:=5}'.format('a')", "'{:x} {:X} {:#x} {:b} {:#b} {:o} {:#o} {:c}'.format(255, 255, 255, 5, 5, 8, 8, 97)", "'{:,} {:_} {:,.2f} {:_x}'.format(1234567, 1234567, 1234567.891, 1048575)", "'{:.2f} {:8.3f} {:<8.1f}| {:+.1f} {:08.2f} {:.0f}'.format(2.675, 3.14159, 2.25, 1, -3.14159, 2.5)", "'{:e} {:.2E} {:g} {:.3g} {:G} {:%} {:.1%}'.format(12345.678, 0.00012, 100000, 1234.5, 1e-10, 0.25, 0.125)", "'{} {:} {:.3} {:.1} {:10}|'.format(1.0, 2.5, 3.14159, 12.0, 1.5)", "'{:.3}'.format(1e16)", "'{} {:5} {:d}'.format(true, true, true)", "'{:5}'.format(none)", "'{}'.format(none)", "'{:5}'.format(numbers)", "'{:d}'.format('a')", "'{:s}'.format(1)", "'{:d}'.format(1.5)", "'{:.2d}'.format(1)", "'{:{w}.{p}f}|{:{}}'.format(3.14159, 'a', 4, w=8, p=2)", "'{:zz}'.format(1)", "'{}'.format(missing)", "'{:>3}'.format(missing)", "'{a.b}'.format(a=missing)", "'{a} {b[c]}'.format_map({'a': 1, 'b': {'c': 2}})", "'{a}'.format_map({})", "'{a}'.format_map(5)", "'{}'.format(*[1])", "'{x}'.format(**{'x': 2})", "'{:#x}|{:#08x}|{:=+6}'.format(10, 10, 5)", "'{:>{}}'.format('a', 3)", "'a{}\U0001f600'.format('\U0001f601')", "('{}' ~ 1).format(2)", "'{} {1}'.format(1, 2)")

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

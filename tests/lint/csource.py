# SPDX-License-Identifier: EUPL-1.2
"""C as tokens: enough of it to find calls, includes, functions and declarations, and no more.

Comments and strings are tokens of their own, so that a comment may name what code may not call.
Nothing is preprocessed. Where a conditional has several branches, the first one alone is read for
the shape of functions (braces would not balance otherwise); for calls every branch counts.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<char>'(?:\\.|[^'\\\n])+')
    |(?P<id>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    |(?P<space>(?:[ \t\r\f]|\\\r?\n)+)
    |(?P<newline>\n)
    |(?P<punct>->|.)""",
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
# Words that stand before a parenthesis without being the name of a function.
NO_NAMES = {"__attribute__", "_Alignas", "alignas", "__declspec", "typeof", "__typeof__"}


@dataclass
class Token:
    kind: str
    text: str
    line: int  # of its first character
    directive: bool = False  # within a preprocessor line
    later_branch: bool = False  # after an #else or #elif
    trailing: bool = False  # a comment behind code of the same line

    @property
    def end_line(self):
        return self.line + self.text.count("\n")


@dataclass
class Function:
    name: str
    first: Token  # where its definition or declaration begins
    last_line: int
    body: bool  # a definition


class Source:
    """One C file. tokens: all but space; code: without comments and directives."""

    def __init__(self, text):
        self.text = text
        self.tokens = list(tokenise(text))
        self.code = [t for t in self.tokens if t.kind != "comment" and not t.directive]

    def includes(self):
        """Yields (line, is_quoted, path). One inside a comment would be read too: none is."""
        for m in INCLUDE.finditer(self.text):
            yield self.text.count("\n", 0, m.start()) + 1, m.group(1) == '"', m.group(2)

    def calls(self):
        """Yields each identifier that stands before a parenthesis and is no member."""
        code = [t for t in self.tokens if t.kind != "comment"]
        for i, t in enumerate(code[:-1]):
            if t.kind != "id" or code[i + 1].text != "(":
                continue
            if i and code[i - 1].text in (".", "->"):
                continue
            yield t

    def functions(self):
        """Yields the functions that are defined or declared at the outermost level."""
        depth = 0
        statement = []
        has_block = False
        open_function = None
        for t in self.code:
            if t.later_branch:
                continue
            if t.text == "{" and t.kind == "punct":
                if depth == 0:
                    name = function_name(statement)
                    open_function = name and Function(name, statement[0], 0, True)
                    has_block = True
                depth += 1
            elif t.text == "}" and t.kind == "punct":
                depth = max(depth - 1, 0)
                if depth == 0 and open_function:
                    open_function.last_line = t.line
                    yield open_function
                    statement, has_block, open_function = [], False, None
            elif depth == 0 and t.text == ";":
                name = None if has_block else function_name(statement)
                if name:
                    yield Function(name, statement[0], t.line, False)
                statement, has_block = [], False
            elif depth == 0:
                statement.append(t)

    def comment_before(self, token):
        """The comment that ends on the line above the token and stands for itself, or None."""
        i = next(i for i, t in enumerate(self.tokens) if t is token)
        before = self.tokens[i - 1] if i else None
        if not before or before.kind != "comment" or before.trailing:
            return None
        return before if before.end_line >= token.line - 1 else None


def tokenise(text):
    line = 1
    line_has_code = False
    directive = None  # None: none; "": its name follows
    branches = []
    for m in TOKEN.finditer(text):
        kind, body = m.lastgroup, m.group()
        if kind == "newline":
            directive, line_has_code = None, False
        elif kind == "punct" and body == "#" and not line_has_code:
            directive = ""
        elif directive == "" and kind == "id":
            directive = body
            follow_branch(branches, body)
        if kind not in ("newline", "space"):
            yield Token(
                kind,
                body,
                line,
                directive is not None,
                any(branches),
                kind == "comment" and line_has_code,
            )
            line_has_code = line_has_code or kind != "comment"
        line += body.count("\n")


def follow_branch(branches, word):
    if word in ("if", "ifdef", "ifndef"):
        branches.append(False)
    elif word in ("else", "elif") and branches:
        branches[-1] = True
    elif word == "endif" and branches:
        branches.pop()


def function_name(statement):
    """The name of the function that a statement of the outermost level declares, or None."""
    if not statement or statement[0].text in ("typedef", "_Static_assert", "static_assert"):
        return None
    i = 0
    while i < len(statement):
        t = statement[i]
        if t.text == "=":
            return None
        if t.text == "(":
            before = statement[i - 1] if i else None
            behind = statement[i + 1].text if i + 1 < len(statement) else ""
            if not before or before.kind != "id" or behind == "*":
                return None
            # In capitals it is a macro, such as an attribute: skipped with its arguments.
            if before.text not in NO_NAMES and not before.text.isupper():
                return before.text if i > 1 else None
            i = behind_parenthesis(statement, i)
            continue
        i += 1
    return None


def behind_parenthesis(statement, i):
    depth = 0
    while i < len(statement):
        depth += {"(": 1, ")": -1}.get(statement[i].text, 0)
        i += 1
        if depth == 0:
            break
    return i

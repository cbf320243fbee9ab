#!/usr/bin/env python3
"""Checks the scripts of this folder without Windows: that they can be parsed, and that workflows, .ci/run and scripts use each
other's correct names. Needs tree-sitter, tree-sitter-pwsh and tree-sitter-batch. Run it in the repository's folder."""
import pathlib
import re
import sys
import xml.etree.ElementTree

import tree_sitter
import tree_sitter_batch
import tree_sitter_pwsh

HERE = pathlib.Path("tests/hosted")
GRAMMARS = {".ps1": tree_sitter_pwsh, ".cmd": tree_sitter_batch}


def main():
    files = [file for file in sorted(HERE.rglob("*")) if file.is_file()]
    runners = [*pathlib.Path(".github/workflows").iterdir(), pathlib.Path(".ci/run")]
    named = "".join(file.read_text() for file in runners)
    faults = [fault for file in files for fault in syntax(file)]
    for name in re.findall(r"tests[\\/]hosted[\\/]([\w\\/.-]*\w)", named):
        if not (HERE / name.replace("\\", "/")).is_file():
            faults.append(f"a workflow or .ci/run names {name}, which is not there")
    for file in files:
        others = named + "".join(other.read_text() for other in files if other != file)
        if file.name not in others:
            faults.append(f"nothing names {file}")
    if not files or not named:
        faults.append("nothing was checked")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


def syntax(file):
    """The faults of one file, each with its line."""
    if file.suffix == ".xml":
        xml.etree.ElementTree.parse(file)
    if file.suffix not in GRAMMARS:
        return
    text = file.read_bytes()
    nodes = [tree_sitter.Parser(tree_sitter.Language(GRAMMARS[file.suffix].language())).parse(text).root_node]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            yield f"{file}:{node.start_point[0] + 1}: cannot be parsed"
        nodes += node.children
    if file.suffix == ".ps1":
        # In a string, PowerShell reads `$name:` as a drive; the grammar does not.
        for number, line in enumerate(text.decode().splitlines(), 1):
            if re.search(r'"[^"\']*\$(?!env:|using:|script:|global:)\w+:', line):
                yield f"{file}:{number}: $name: in a string is a drive; write ${{name}}:"


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""make.py audit SOURCE        what the header does not say
   make.py constants SOURCE    the names of all public constants, one a line
   make.py man SOURCE OUT      the manual pages of sections 3, 5 and 7
   make.py html SOURCE OUT     the reference as HTML

SOURCE is the top folder of the sources. What is written depends on the sources alone.
"""
import os
import sys

import audit
import header


def constants(include):
    for topic in header.read_all(include)[1]:
        for one in topic.declarations("constant"):
            print(one.name)
    return 0


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("audit", "constants", "man", "html") or \
            len(arguments) != (3 if arguments[0] in ("man", "html") else 2):
        sys.stderr.write(__doc__)
        return 2
    what, source = arguments[:2]
    include = os.path.join(source, "include")
    if what == "audit":
        return audit.run(include)
    if what == "constants":
        return constants(include)
    if what == "man":
        import manual
        return manual.run(source, arguments[2])
    import pages
    return pages.run(source, arguments[2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

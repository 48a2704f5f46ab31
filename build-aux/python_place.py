# SPDX-License-Identifier: Apache-2.0
"""python_place.py - for configure: what the Python that runs it has, and where it looks.

has WORD,...   succeeds when it has them: Python.h, or modules
include        the folder of Python.h
below PREFIX   where packages go below a prefix: the folder there that this Python searches by
               itself, relative to it, or lib/pythonX.Y/site-packages when it searches none
"""
import importlib.util
import os
import sys
import sysconfig


def has(word):
    if word == "Python.h":
        return os.path.exists(os.path.join(sysconfig.get_path("include"), word))
    return importlib.util.find_spec(word) is not None


def below(prefix):
    version = "python%d.%d" % sys.version_info[:2]
    folders = ["lib/python3/dist-packages", "lib/%s/dist-packages" % version, "lib/%s/site-packages" % version]
    searched = [folder for folder in folders if os.path.join(prefix, folder) in sys.path]
    return (searched or folders[-1:])[0]


verb, *words = sys.argv[1:]
if verb == "has":
    sys.exit(not all(has(word) for word in words[0].split(",")))
print(sysconfig.get_path("include") if verb == "include" else below(words[0]))

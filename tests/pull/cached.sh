#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# krait list, krait rm, tokens, and the cache shared with Python's client.
. "${0%/*}/run.sh"

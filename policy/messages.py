#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints policy/messages/*/*.json as one C table. Being written."""
print("typedef int messages_are_being_written;")

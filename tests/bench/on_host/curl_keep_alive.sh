#!/bin/sh
# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The script that people run from cron: load each model, or keep it, for ever.
for model in "$@"; do
  curl --silent --output /dev/null http://localhost:11434/api/generate --data "{\"model\": \"$model\", \"keep_alive\": -1}"
done

#!/bin/sh
echo "checked: $1"

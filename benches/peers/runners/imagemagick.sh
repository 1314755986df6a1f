#!/bin/sh
# imagemagick.sh JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs. CONVERT is the
# program. A process for each photo, THREADS at a time; threads left over work inside a photo.
photos=$(wc -l <"$1")
inside=$(($2 / photos))
export MAGICK_THREAD_LIMIT=$((inside > 0 ? inside : 1)) QUALITY="$3"
# The inner shell expands these.
# shellcheck disable=SC2016
tr '\t\n' '\0\0' <"$1" | xargs -0 -n 4 -P "$2" sh -c '"$CONVERT" "$0" -auto-orient -filter Lanczos -resize "$1x$2!" +profile "!icc,*" -sampling-factor 4:2:0 -quality "$QUALITY" "$3"'

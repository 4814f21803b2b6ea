#!/bin/sh
# An issuer's program in sh: keys are files in $KEYS_DIR, named by their ref; their lines are the label and the value.
set -eu
request=$(cat)
get() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
case $(get action) in
  issue)
    ref=$(head -c 8 /dev/urandom | od -An -tx1 | tr -d ' \n')
    value=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
    printf '%s\n%s\n' "$(get label)" "$value" > "$KEYS_DIR/$ref"
    printf '{"fields":{"value":"%s"},"ref":"%s"}\n' "$value" "$ref" ;;
  check)
    if [ -f "$KEYS_DIR/$(get ref)" ] && [ "$(sed -n 2p "$KEYS_DIR/$(get ref)")" = "$(get value)" ]
    then echo '{"verdict":"works"}'; else echo '{"verdict":"refused","detail":"no such key"}'; fi ;;
  revoke)
    rm -f "$KEYS_DIR/$(get ref)"
    echo '{"revoked":true}' ;;
  find)
    label=$(get label) refs='' separator=''
    for file in "$KEYS_DIR"/*; do
      [ -f "$file" ] && [ "$(sed -n 1p "$file")" = "$label" ] || continue
      refs="$refs$separator\"$(basename "$file")\"" separator=,
    done
    printf '{"refs":[%s]}\n' "$refs" ;;
esac

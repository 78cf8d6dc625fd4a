#!/usr/bin/env bash
# Check that programs are on the path; name what is missing and how Debian and Ubuntu call it. usage: need.sh PROGRAM…
set -u
declare -A packages=(
  [node]="nodejs (version 20.19 or later, from nodejs.org where the distribution has an older one)" [npm]=npm [git]=git [chromium]="chromium (chromium-browser on Ubuntu; or set CHROMIUM)" [storescu]=dcmtk [dciodvfy]=dicom3tools [pdftoppm]=poppler-utils [Orthanc]="orthanc orthanc-dicomweb"
)
missing=()
for program in "$@"; do
  if [ "$program" = chromium ]; then # Ubuntu calls it chromium-browser; CHROMIUM names any other
    for name in "${CHROMIUM:-chromium}" chromium chromium-browser google-chrome; do
      command -v "$name" >/dev/null 2>&1 && continue 2
    done
  fi
  command -v "$program" >/dev/null 2>&1 || missing+=("$program")
done
if command -v node >/dev/null 2>&1 && [[ " $* " == *" node "* ]]; then
  if ! node -e "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)"; then
    echo "Node.js $(node --version) is too old: version 20.19 or later is needed." >&2
    exit 1
  fi
fi
if ((${#missing[@]})); then
  names=""
  for program in "${missing[@]}"; do names+=" ${packages[$program]:-$program}"; done
  echo "Missing: ${missing[*]}. On Debian and Ubuntu: apt-get install$names" >&2
  exit 1
fi

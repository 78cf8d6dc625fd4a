#!/usr/bin/env bash
# Check that programs are on the path; name what is missing and how Debian and Ubuntu call it. usage: need.sh PROGRAM…
set -u
declare -A packages=(
  [node]=nodejs [npm]=npm [git]=git [chromium]=chromium [storescu]=dcmtk [dciodvfy]=dicom3tools [pdftoppm]=poppler-utils [Orthanc]="orthanc orthanc-dicomweb"
)
missing=()
for program in "$@"; do
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

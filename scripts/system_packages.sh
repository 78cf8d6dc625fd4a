#!/usr/bin/env bash
# Make sure that the programs the tests use as peers are there: through apt when it may, otherwise name them and fail.
# usage: system_packages.sh [bench]
set -eu
here=$(dirname "$0")
programs=(chromium storescu dciodvfy pdftoppm)
packages=(chromium dcmtk dicom3tools poppler-utils)
if [ "${1:-}" = bench ]; then
  programs+=(Orthanc)
  packages+=(orthanc orthanc-dicomweb)
fi
if ! "$here/need.sh" "${programs[@]}" 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing ${packages[*]}…"
  apt-get update -qq
  for package in "${packages[@]}"; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
      echo "apt-get could not install $package." >&2
  done
fi
"$here/need.sh" "${programs[@]}"

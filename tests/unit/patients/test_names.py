"""Folding: one key for one person, however the name is written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.patients.names import fold, key_range, name_key, name_pattern


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Dupont^Jean", "DUPONT^JEAN"),
        ("DUPONT^JEAN^^^", "DUPONT^JEAN"),
        ("Lefèvre-Bœuf^Zoé", "LEFEVRE BOEUF^ZOE"),
        ("d'Ormesson ^ Jean", "D ORMESSON^JEAN"),
        ("Groß^Łukasz", "GROSS^LUKASZ"),
        ("Sørensen^Åse", "SORENSEN^ASE"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA^TAROU"),
        ("=山田^太郎", "山田^太郎"),
        ("ŒUVRARD", "OEUVRARD"),
        ("İpek^Ilgın", "IPEK^ILGIN"),
        ("", ""),
        ("^^^", ""),
    ],
)
def test_name_key_folds_accents_case_and_punctuation(written: str, key: str) -> None:
    assert name_key(written) == key


@given(st.text(max_size=60))
def test_name_key_of_a_key_is_itself(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@given(st.text(max_size=60))
def test_name_key_does_not_see_composition(text: str) -> None:
    assert name_key(unicodedata.normalize("NFD", text)) == name_key(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll")), max_size=30))
def test_fold_does_not_see_case(text: str) -> None:
    assert fold(text.upper()) == fold(text.upper().upper())


@given(st.text(max_size=40))
def test_fold_leaves_letters_digits_and_single_spaces(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert all(character.isalnum() or character == " " for character in folded)


@pytest.mark.parametrize(
    ("key", "pattern"),
    [("Dup*", "DUP%"), ("*", "%"), ("d?pont^J*", "D_PONT^J%"), ("100%_sûr", "100 SUR"), ("Éa\\*", "EA %")],
)
def test_name_pattern_lets_only_wildcards_through(key: str, pattern: str) -> None:
    assert name_pattern(key) == pattern


@given(st.text(max_size=40))
def test_name_pattern_holds_no_escape_character(text: str) -> None:
    assert "\\" not in name_pattern(text)


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_key_range_holds_every_key_that_starts_so(prefix: str, rest: str) -> None:
    key, start = name_key(prefix + rest), name_key(prefix)
    if start and key.startswith(start):
        low, high = key_range(start)
        assert low.encode() <= key.encode() < high.encode()

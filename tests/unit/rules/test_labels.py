"""Labels."""

import pytest
from hypothesis import given, strategies as st

from codepush.rules import labels


@given(st.integers(min_value=1))
def test_a_label_names_its_number(number):
    """Number and label can be told from each other."""
    assert labels.is_label(labels.label(number))
    assert labels.number(labels.label(number)) == number


@pytest.mark.parametrize("text", ["", "v", "v0", "v01", "1", "V1", "v1 ", "v1\n", "v-1", "v\u0661", "latest"])
def test_other_texts_are_no_labels(text):
    """Only a small v and a number without leading zeros is a label; asking another for its number raises."""
    assert not labels.is_label(text)
    with pytest.raises(ValueError, match="not a label"):
        labels.number(text)


def test_there_is_no_label_below_v1():
    """Releases are numbered from 1."""
    with pytest.raises(ValueError, match="from 1"):
        labels.label(0)

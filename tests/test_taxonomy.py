import re

import pytest
import yaml

from task_classifier.errors import TaxonomyError
from task_classifier.taxonomy import OUTSIDE, Taxonomy, read_taxonomy

GOOD = """
categories:
  - id: letters
    name: Letters
    label: BPO
    services:
      - {id: writing, name: Writing, definition: Writes letters.}
  - id: sums
    name: Sums
    label: KPO
    services:
      - {id: adding, name: Adding, definition: Adds numbers., cpv: {"79211000-6": Accounting services}}
outside:
  - {id: gardening, name: Gardening, definition: Digs.}
"""


def test_the_shipped_taxonomy_has_nine_categories_of_three_to_six_services(taxonomy):
    assert [c.label for c in taxonomy.categories] == ["BPO"] * 4 + ["KPO"] * 5
    assert all(3 <= len(category.services) <= 6 for category in taxonomy.categories)
    assert all(category.section for category in taxonomy.categories)


def test_every_shipped_service_has_a_definition_of_one_sentence_and_codes_of_all_three_lists(taxonomy):
    for category in taxonomy.categories:
        for service in category.services:
            assert re.fullmatch(r"[A-Z][^.]*\.", service.definition), service.id
            assert {code.list_id for code in service.codes} == {"cpv", "unspsc", "naics"}, service.id


def test_cpv_check_digits_are_right(taxonomy):
    """The check digit of the CPV is published with the code; the same code must not carry two."""
    digits = {}
    for category in taxonomy.categories:
        for service in category.services:
            for code in service.codes:
                if code.list_id == "cpv":
                    number, digit = code.code.split("-")
                    assert digits.setdefault(number, digit) == digit


def test_a_user_can_bring_a_taxonomy_of_their_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    mine = read_taxonomy(path)
    assert mine.classes == ("letters", "sums", OUTSIDE)
    assert mine.label_of("sums") == "KPO"
    assert mine.class_of("adding") == "sums"
    assert mine.class_of("gardening") == mine.class_of(OUTSIDE) == OUTSIDE
    assert mine.categories[1].services[0].codes[0].code == "79211000-6"


def test_to_dict_and_back_is_the_same_taxonomy(taxonomy):
    assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("label: BPO", "label: XPO", 5, "must be BPO or KPO"),
        ("label: BPO", "label: KPO", 2, "no category has the label BPO"),
        ("id: letters", "id: Letters!", 3, "may hold only"),
        ("id: sums", "id: letters", 2, "used more than once"),
        ("id: adding", "id: writing", 2, "used more than once"),
        ("id: gardening", "id: outside", 2, "used more than once"),
        ("name: Letters", "title: Letters", 4, "unknown entry 'title'"),
        ("    name: Letters\n", "", 3, "`name` must be"),
        ("definition: Digs.", "definition: ''", 14, "`definition` must be"),
        ("79211000-6", "7921", 12, "form of a CPV code"),
        ("name: Sums", "name: Sums\n    name: Two", 10, "given twice"),
        ("categories:", "categories: [", 3, "not valid YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, old, new, line, says):
    path = tmp_path / "broken.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(TaxonomyError, match=re.escape(says)) as caught:
        read_taxonomy(path)
    assert f"line {line}" in caught.value.message
    assert caught.value.code == "invalid_taxonomy"


@pytest.mark.parametrize("tree", [None, [], {"categories": None}, {"categories": ["x"]}, {"categories": []}])
def test_trees_of_another_shape_are_refused(tree):
    with pytest.raises(TaxonomyError):
        Taxonomy.from_dict(tree)


def test_categories_without_services_or_codes_without_titles_are_refused():
    tree = yaml.safe_load(GOOD)
    tree["categories"][0]["services"] = []
    with pytest.raises(TaxonomyError, match="at least one service"):
        Taxonomy.from_dict(tree)
    tree = yaml.safe_load(GOOD)
    tree["categories"][1]["services"][0]["cpv"] = ["79211000-6"]
    with pytest.raises(TaxonomyError, match="map codes to their titles"):
        Taxonomy.from_dict(tree)
    tree["categories"][1]["services"][0]["cpv"] = {"79211000-6": None}
    with pytest.raises(TaxonomyError, match="has no title"):
        Taxonomy.from_dict(tree)


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "invalid_taxonomy"), (b"\xff\xfe", "invalid_taxonomy"), (None, "taxonomy_not_found")]
)
def test_files_that_cannot_be_read(tmp_path, content, code):
    path = tmp_path / "file.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TaxonomyError) as caught:
        read_taxonomy(path)
    assert caught.value.code == code


def test_a_folder_is_no_taxonomy(tmp_path):
    with pytest.raises(TaxonomyError):
        read_taxonomy(tmp_path)


def test_unknown_ids_are_named(taxonomy):
    with pytest.raises(TaxonomyError, match="'nothing'"):
        taxonomy.label_of("nothing")
    with pytest.raises(TaxonomyError, match="'nothing'"):
        taxonomy.class_of("nothing")

"""Labels, categories and services: what a description of work can be, read from YAML or JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from task_classifier.errors import TaxonomyError

LABELS = ("BPO", "KPO")
OUTSIDE = "outside"
"""Class of everything that belongs to none of the categories."""

OUTSIDE_CLASS = -1
"""Place of that class: the last of `Taxonomy.classes`."""

CODE_LISTS = {"cpv": r"\d{8}-\d", "unspsc": r"\d{8}", "naics": r"\d{2,6}"}
"""Procurement code lists a service may point to, and the form of their codes."""

_ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of a procurement code list: ``list_id`` is a key of `CODE_LISTS`."""

    list_id: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of work within a category."""

    id: str
    name: str
    definition: str
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """A group of services; its label is the label of everything in it."""

    id: str
    name: str
    label: str
    services: tuple[Service, ...]
    section: str = ""


@dataclass(frozen=True)
class Taxonomy:
    """Two labels, their categories, the categories' services, and the topics of what lies outside.

    Parameters
    ----------
    categories : tuple of Category
        In the order answers list them.
    outside_topics : tuple of Service
        Kinds of work outside every category; used to keep the outside data broad, never answered.
    """

    categories: tuple[Category, ...]
    outside_topics: tuple[Service, ...] = field(default=())

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Category ids followed by ``"outside"``: the classes a model learns."""
        return (*(category.id for category in self.categories), OUTSIDE)

    @cached_property
    def _by_id(self) -> dict[str, Category]:
        return {category.id: category for category in self.categories}

    @cached_property
    def _class_of_service(self) -> dict[str, str]:
        found = {service.id: category.id for category in self.categories for service in category.services}
        found.update({topic.id: OUTSIDE for topic in self.outside_topics})
        return {name: name for name in self.classes} | found

    def category(self, category_id: str) -> Category:
        """Return the category of that id.

        Raises
        ------
        TaxonomyError
            ``unknown_category`` when the taxonomy has none of that id.
        """
        try:
            return self._by_id[category_id]
        except KeyError:
            raise TaxonomyError(
                f"No category {category_id!r} in the taxonomy; it has {', '.join(self._by_id)}.",
                "unknown_category",
            ) from None

    def label_of(self, category_id: str) -> str:
        """Return the label of a category: the only way a label is ever found."""
        return self.category(category_id).label

    def class_of(self, service_id: str) -> str:
        """Return the class of a service, an outside topic or a class itself: a category id or ``"outside"``.

        Raises
        ------
        TaxonomyError
            ``unknown_service`` when the taxonomy has none of that id.
        """
        try:
            return self._class_of_service[service_id]
        except KeyError:
            raise TaxonomyError(
                f"No service {service_id!r} in the taxonomy; see `services` in its file.", "unknown_service"
            ) from None

    @cached_property
    def service_ids(self) -> tuple[str, ...]:
        """Ids of all services of all categories, in order; outside topics are not among them."""
        return tuple(service.id for category in self.categories for service in category.services)

    def to_dict(self) -> dict[str, Any]:
        """Return the taxonomy as plain lists and strings, the form `from_dict` reads."""
        return {
            "categories": [
                {
                    "id": category.id,
                    "name": category.name,
                    "label": category.label,
                    "section": category.section,
                    "services": [_service_to_dict(service) for service in category.services],
                }
                for category in self.categories
            ],
            "outside": [_service_to_dict(topic) for topic in self.outside_topics],
        }

    @classmethod
    def from_dict(cls, tree: Any) -> Taxonomy:
        """Build a taxonomy from plain lists and strings, validating it.

        Raises
        ------
        TaxonomyError
            ``invalid_taxonomy``: names the entry and the rule it breaks.
        """
        return _build(_Node(tree))


def read_taxonomy(path: Path | str) -> Taxonomy:
    """Read a taxonomy from a YAML file.

    Raises
    ------
    TaxonomyError
        ``taxonomy_not_found``, or ``invalid_taxonomy`` naming the line and the fault.
    """
    import yaml

    path = Path(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise TaxonomyError(f"No taxonomy at {path}. Give the path of a taxonomy.yaml.", "taxonomy_not_found") from None
    except OSError as error:
        raise TaxonomyError(f"{path} cannot be read: {error.strerror}.", "taxonomy_not_found") from None
    except UnicodeDecodeError:
        raise TaxonomyError(f"{path} is not UTF-8 text; save it as UTF-8.", "invalid_taxonomy") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TaxonomyError(f"{path}, line {line}: not valid YAML ({error.problem}).", "invalid_taxonomy") from None
    return _build(_from_yaml(root, str(path)))


@dataclass(frozen=True, slots=True)
class _Node:
    """A value of the file with the place it was read from, so that a fault can name its line."""

    value: Any
    place: str = "taxonomy"
    children: Mapping[Any, _Node] = field(default_factory=dict)

    def fault(self, message: str) -> TaxonomyError:
        return TaxonomyError(f"{self.place}: {message}", "invalid_taxonomy")

    def get(self, key: Any) -> _Node:
        if key in self.children:
            return self.children[key]
        child = self.value.get(key) if isinstance(self.value, dict) else self.value[key]
        return _Node(child, f"{self.place}, {key}" if isinstance(key, str) else f"{self.place}[{key}]")

    def items(self) -> Iterator[_Node]:
        if not isinstance(self.value, list):
            raise self.fault("a list is needed here.")
        return (self.get(index) for index in range(len(self.value)))

    def text(self, key: str, required: bool = True) -> str:
        node = self.get(key)
        if node.value is None and not required:
            return ""
        if not isinstance(node.value, str) or not node.value.strip():
            raise node.fault(f"`{key}` must be a non-empty text.")
        return node.value.strip()


def _from_yaml(node: Any, path: str) -> _Node:
    import yaml

    if node is None:
        raise TaxonomyError(f"{path} is empty; it needs `categories`.", "invalid_taxonomy")
    place = f"{path}, line {node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        children: dict[Any, _Node] = {}
        for key, value in node.value:
            if key.value in children:
                raise TaxonomyError(
                    f"{path}, line {key.start_mark.line + 1}: `{key.value}` is given twice.",
                    "invalid_taxonomy",
                )
            children[key.value] = _from_yaml(value, path)
        return _Node({key: child.value for key, child in children.items()}, place, children)
    if isinstance(node, yaml.SequenceNode):
        parts = [_from_yaml(value, path) for value in node.value]
        return _Node([part.value for part in parts], place, dict(enumerate(parts)))
    # Scalars stay text: a code such as 541219 or 084 must not become a number.
    return _Node(node.value or None, place)


def _build(root: _Node) -> Taxonomy:
    _check_keys(root, {"categories", "outside"})
    categories = tuple(_category(node) for node in root.get("categories").items())
    outside = root.get("outside")
    topics = tuple(_service(node) for node in outside.items()) if outside.value else ()
    _check_unique(root, [category.id for category in categories], "category")
    services = [service.id for category in categories for service in category.services]
    _check_unique(root, [*services, *(topic.id for topic in topics), OUTSIDE], "service")
    missing = [label for label in LABELS if label not in {category.label for category in categories}]
    if missing:
        raise root.fault(f"no category has the label {missing[0]}; each label needs at least one.")
    return Taxonomy(categories, topics)


def _category(node: _Node) -> Category:
    _check_keys(node, {"id", "name", "label", "section", "services"})
    label = node.text("label")
    if label not in LABELS:
        raise node.get("label").fault(f"`label` is {label!r}; it must be {' or '.join(LABELS)}.")
    services = tuple(_service(child) for child in node.get("services").items())
    if not services:
        raise node.get("services").fault("a category needs at least one service.")
    return Category(_id(node), node.text("name"), label, services, node.text("section", required=False))


def _service(node: _Node) -> Service:
    _check_keys(node, {"id", "name", "definition", *CODE_LISTS})
    codes = tuple(code for list_id in CODE_LISTS for code in _codes(node.get(list_id), list_id))
    return Service(_id(node), node.text("name"), node.text("definition"), codes)


def _codes(node: _Node, list_id: str) -> Iterator[Code]:
    if node.value is None:
        return
    if not isinstance(node.value, dict):
        raise node.fault(f"`{list_id}` must map codes to their titles.")
    for code, title in node.value.items():
        if not re.fullmatch(CODE_LISTS[list_id], str(code)):
            raise node.get(code).fault(f"{code!r} does not have the form of a {list_id.upper()} code.")
        if not isinstance(title, str):
            raise node.get(code).fault(f"{list_id.upper()} code {code} has no title.")
        yield Code(list_id, str(code), title)


def _id(node: _Node) -> str:
    value = node.text("id")
    if not _ID.fullmatch(value):
        raise node.get("id").fault(f"the id {value!r} may hold only a-z, 0-9 and _, starting with a letter.")
    return value


def _check_keys(node: _Node, known: set[str]) -> None:
    if not isinstance(node.value, dict):
        raise node.fault("names with values are needed here.")
    for key in node.value:
        if key not in known:
            raise node.get(key).fault(f"unknown entry {key!r}; known are {', '.join(sorted(known))}.")


def _check_unique(root: _Node, ids: Sequence[str], kind: str) -> None:
    twice = [value for value, count in Counter(ids).items() if count > 1]
    if twice:
        raise root.fault(f"the {kind} id {twice[0]!r} is used more than once.")


def _service_to_dict(service: Service) -> dict[str, Any]:
    tree: dict[str, Any] = {"id": service.id, "name": service.name, "definition": service.definition}
    for code in service.codes:
        tree.setdefault(code.list_id, {})[code.code] = code.title
    return tree

"""The doors through which a list is kept: every list gets them with `list_paths`."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from sellercenter import addresses, lists
from sellercenter.models import SavedView
from sellercenter.pages import ActPage, TablePage, Text


def list_paths(route: str, page: type[TablePage]) -> list[URLPattern]:
    """Return the addresses of a list: the list, its columns, its saved views."""
    door = {"page": page, "permission": page.permission}
    return [
        path(route, page.as_view(), name=page.url_name),
        path(f"{route}/columns", SaveLayout.as_view(**door), name=f"{page.url_name}_layout"),
        path(f"{route}/views", SaveView.as_view(**door), name=f"{page.url_name}_view_save"),
        path(f"{route}/views/<int:pk>/delete", DeleteView.as_view(**door), name=f"{page.url_name}_view_delete"),
    ]


class ListDoor(ActPage):
    """What the doors of a list share: they lead back to the list, and need the right that opens it."""

    abstract = True
    page: ClassVar[type[TablePage] | None] = None

    def after(self, record: Any) -> str:
        """Go back to the list."""
        assert self.page
        return self.url(self.page.url_name)

    def find(self, **kwargs: Any) -> Any:
        """Name no record: the list itself is meant."""
        return None


class LayoutForm(forms.Form):
    """Which columns, how dense."""

    columns = forms.MultipleChoiceField(error_messages={"required": _("Tick at least one column.")})
    density = forms.ChoiceField(choices=[("cosy", ""), ("compact", "")], required=False)


class SaveLayout(ListDoor):
    """Remember columns and density."""

    abstract = True
    done = _("Your columns are kept.")

    def form_class(self, data: QueryDict) -> LayoutForm:  # type: ignore[override]
        """Accept the columns that the list declares."""
        form = LayoutForm(data)
        assert self.page
        form.fields["columns"].choices = [(name, name) for name in self.page.table_class.base_columns]  # type: ignore[attr-defined]
        return form

    def act(self, record: None, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        assert self.page
        lists.save_layout(self.member, self.page.name, columns=data["columns"], dense=data["density"] == "compact")
        return None


class ViewForm(forms.Form):
    """A name for the filters as they are."""

    name = forms.CharField(max_length=40, error_messages={"required": _("Give the view a name.")})
    query = forms.CharField(max_length=4000, required=False)
    shared = forms.BooleanField(required=False)


class SaveView(ListDoor):
    """Keep the list's filters under a name."""

    abstract = True
    form_class = ViewForm
    saved_query = ""

    def act(self, record: None, data: dict[str, Any]) -> Text | None:
        """Call the verb, and show the view."""
        assert self.page
        # Pasted numbers are forgotten in time, and private words must not stay anywhere.
        left_out = self.page.filterset_class.private | {"list"}
        self.saved_query = addresses.without(addresses.normal(data["query"]), left_out)
        lists.save_view(
            *(self.member, self.page.name),
            name=data["name"],
            query=self.saved_query,
            shared=data["shared"],
            by=self.actor,
        )
        return _("The view “%s” is saved.") % data["name"]

    def after(self, record: None) -> str:
        """Go to the list as the view shows it."""
        address = super().after(record)
        return f"{address}?{self.saved_query}" if self.saved_query else address


class DeleteView(ListDoor):
    """Delete a saved view."""

    abstract = True
    done = _("The view is deleted.")

    def find(self, **kwargs: Any) -> SavedView:
        """Return a view of this list that this person can see."""
        assert self.page
        seen = SavedView.objects.for_shop(self.shop).filter(page=self.page.name)
        view = get_object_or_404(seen, **kwargs)
        return view if view.member_id in (None, self.member.pk) else get_object_or_404(seen.none())

    def act(self, record: SavedView, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        lists.delete_view(record, by=self.actor)
        return None

"""Verbs on one's own account: language and theme."""

from __future__ import annotations

from sellercenter.models import User


def choose_language(user: User, language: str) -> None:
    """Keep the language in which a person reads."""
    User.objects.filter(pk=user.pk).update(language=language)


def choose_theme(user: User, theme: str) -> None:
    """Keep light, dark, or as the device."""
    User.objects.filter(pk=user.pk).update(theme=theme)

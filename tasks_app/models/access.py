"""Keys to the door: programs' tokens and one-time sign-in links. Only digests are stored."""

from __future__ import annotations

from django.db import models


class Token(models.Model):
    """A program's key. It may read what its owner may read."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key, in hex")
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A link that signs one person in, once."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the link's secret, in hex")
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="sign_in_links")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user_id}"

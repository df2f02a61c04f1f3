"""The URL of Django's admin (bench.django_admin): its process alone imports them."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]

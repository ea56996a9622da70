"""The only site map. Every address inside a shop begins with the shop's code."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from sellercenter import (
    export_new_pages,
    export_pages,
    export_rule_pages,
    health_pages,
    import_pages,
    job_pages,
    log_pages,
    notice_views,
    views,
)
from sellercenter.list_views import list_paths

shop_paths: list[URLPattern | URLResolver] = [
    path("members", views.MemberList.as_view(), name="member_list"),
    path("members/add", views.MemberAdd.as_view(), name="member_add"),
    path("members/<int:pk>", views.MemberChange.as_view(), name="member_change"),
    path("members/<int:pk>/disable", views.MemberDisable.as_view(), name="member_disable"),
    path("members/<int:pk>/enable", views.MemberEnable.as_view(), name="member_enable"),
    path("members/<int:pk>/password", views.MemberPassword.as_view(), name="member_password"),
    *list_paths("jobs", job_pages.JobList),
    path("jobs/now", job_pages.JobsNow.as_view(), name="jobs_now"),
    path("jobs/<int:pk>", job_pages.JobDetail.as_view(), name="job_detail"),
    path("jobs/<int:pk>/stop", job_pages.JobStop.as_view(), name="job_stop"),
    path("jobs/<int:pk>/repeat", job_pages.JobRepeat.as_view(), name="job_repeat"),
    path("exports/rules", export_rule_pages.RuleList.as_view(), name="export_rule_list"),
    path("exports/rules/new", export_rule_pages.RuleNew.as_view(), name="export_rule_new"),
    path("exports/rules/<int:pk>", export_rule_pages.RuleChange.as_view(), name="export_rule_change"),
    path("exports/rules/<int:pk>/pause", export_rule_pages.RulePause.as_view(), name="export_rule_pause"),
    path("exports/rules/<int:pk>/resume", export_rule_pages.RuleResume.as_view(), name="export_rule_resume"),
    path("exports/rules/<int:pk>/run", export_rule_pages.RuleRun.as_view(), name="export_rule_run"),
    path("exports/rules/<int:pk>/delete", export_rule_pages.RuleDelete.as_view(), name="export_rule_delete"),
    *list_paths("imports", import_pages.ImportList),
    path("imports/example", import_pages.ImportExample.as_view(), name="import_example"),
    path("imports/upload", import_pages.ImportReceive.as_view(), name="import_receive"),
    path("imports/<int:pk>", import_pages.ImportDetail.as_view(), name="import_detail"),
    path("imports/<int:pk>/refused", import_pages.ImportRefused.as_view(), name="import_refused"),
    path("imports/<int:pk>/agree", import_pages.ImportAgree.as_view(), name="import_agree"),
    path("imports/<int:pk>/drop", import_pages.ImportDrop.as_view(), name="import_drop"),
    *list_paths("exports", export_pages.ExportList),
    path("exports/new", export_new_pages.ExportNew.as_view(), name="export_new"),
    path("exports/templates/save", export_new_pages.ExportTemplateSave.as_view(), name="export_template_save"),
    path(
        "exports/templates/<int:pk>/delete",
        export_new_pages.ExportTemplateDelete.as_view(),
        name="export_template_delete",
    ),
    path("exports/<int:pk>", export_pages.ExportDetail.as_view(), name="export_detail"),
    path("exports/<int:pk>/file", export_pages.ExportFetch.as_view(), name="export_fetch"),
    path("exports/<int:pk>/delete", export_pages.ExportDelete.as_view(), name="export_delete"),
    *list_paths("log", log_pages.LogList),
    path("notices", notice_views.NoticeList.as_view(), name="notice_list"),
    path("notices/bell", notice_views.NoticeBell.as_view(), name="notice_bell"),
    path("notices/read", notice_views.NoticeRead.as_view(), name="notice_read"),
    path("notices/read-all", notice_views.NoticeReadAll.as_view(), name="notice_read_all"),
    path("", include("orders.urls")),
    path("", include("aftersales.urls")),
    path("figures/", include("analytics.urls")),
]

urlpatterns = [
    path("", views.shop_choice, name="shop_choice"),
    path("login", views.Login.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", views.PasswordChange.as_view(), name="password_change"),
    path("password/done", views.PasswordChangeDone.as_view(), name="password_change_done"),
    path("language", views.set_language, name="set_language"),
    path("theme", views.theme, name="theme"),
    path("health/", health_pages.page, name="health"),
    path("health/live", health_pages.live, name="health_live"),
    path("health/replay", health_pages.replay, name="health_replay"),
    path("admin/", admin.site.urls),
    path("s/<slug:shop>/", include(shop_paths)),
]

"""The addresses of the after-sales room, all inside a shop."""

from django.urls import URLPattern, URLResolver, path

from aftersales.views import cases, policies
from sellercenter.list_views import list_paths

urlpatterns: list[URLPattern | URLResolver] = [
    *list_paths("cases", cases.CaseList),
    path("sops", policies.SopList.as_view(), name="sops"),
    path("sops/add", policies.SopAdd.as_view(), name="sop_add"),
    path("sops/defaults", policies.SopDefaults.as_view(), name="sop_defaults"),
    path("sops/<int:pk>", policies.SopChange.as_view(), name="sop"),
    path("sops/<int:pk>/shift", policies.SopShift.as_view(), name="sop_shift"),
    path("sops/<int:pk>/remove", policies.SopRemove.as_view(), name="sop_remove"),
    path("case-rules", policies.CaseRuleList.as_view(), name="case_rules"),
    path("case-rules/add", policies.CaseRuleAdd.as_view(), name="case_rule_add"),
    path("case-rules/<int:pk>", policies.CaseRuleChange.as_view(), name="case_rule"),
    path("case-rules/<int:pk>/shift", policies.CaseRuleShift.as_view(), name="case_rule_shift"),
    path("case-rules/<int:pk>/remove", policies.CaseRuleRemove.as_view(), name="case_rule_remove"),
]

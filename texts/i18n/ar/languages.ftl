languages-title = اللغة
languages-lead = لجميع الصفحات، وللرسائل التي نرسلها إليك.
languages-browser = حسب لغة المتصفح
languages-save = حفظ

limits-title = الحدود
limits-freeze-title = التجميد
limits-freeze-lead = تُرفض عمليات الشراء إلى أن يتم إلغاء تجميد المحفظة. ولا تتأثر عمليات الشراء الجارية.
limits-freeze = تجميد المحفظة
limits-frozen = محفظتك مجمّدة: تُرفض عمليات الشراء.
limits-unfreeze = إلغاء التجميد
limits-own = حدودك
limits-own-lead = يعني ترك الحقل فارغًا عدم وجود حد خاص بك. تُحسب الأيام والأشهر بتوقيت UTC.
limits-set = ضبط الحدود
limits-go-on = متابعة
limits-go-back = تعديل
limits-review = مراجعة حدودك
limits-limit = الحد
limits-now = الحالي
limits-then = الجديد
limits-no-limit = بلا حد
limits-raised = مع حد أعلى، يمكن لمن يصل إلى محفظتك أن ينفق أكثر.
limits-unchanged = هذه حدودك الحالية بالفعل. يُرجى تغيير أحدها أولًا.
limits-spent = الإنفاق حتى الآن
limits-today = اليوم
limits-this-month = هذا الشهر
limits-bad-count = هذا ليس عددًا صحيحًا.
limits-begins-anew = يبدأ الحساب من جديد في { $time }.
limits-transaction = عملية شراء واحدة
limits-day = في اليوم
limits-month = في الشهر
limits-day-count = عمليات الشراء في اليوم
limits-month-count = عمليات الشراء في الشهر
limits-above = يسمح المشغّل بحد أقصى قدره { $limit }. يُرجى إدخال هذه القيمة أو أقل.
limits-allowed = الحد الأقصى { $limit }
limits-purchases = { $count ->
    [zero] لا عمليات شراء
    [one] عملية شراء واحدة
    [two] عمليتا شراء
    [few] { $count } عمليات شراء
    [many] { $count } عملية شراء
   *[other] { $count } عملية شراء
}
limits-reached-own-purchase = هذا المبلغ أعلى من حدك لعملية شراء واحدة، وهو { $most }.
limits-reached-own-day = بهذا المبلغ يتم تجاوز حدك اليومي، وهو { $most }: أُنفق اليوم { $used }.
limits-reached-own-month = بهذا المبلغ يتم تجاوز حدك الشهري، وهو { $most }: أُنفق هذا الشهر { $used }.
limits-reached-own-day-count = لقد بلغت حدك اليومي، وهو { $most }.
limits-reached-own-month-count = لقد بلغت حدك الشهري، وهو { $most }.
limits-reached-purchase = هذا المبلغ أعلى من حد المشغّل لعملية شراء واحدة، وهو { $most }.
limits-reached-day = بهذا المبلغ يتم تجاوز حد المشغّل اليومي، وهو { $most }: أُنفق اليوم { $used }.
limits-reached-month = بهذا المبلغ يتم تجاوز حد المشغّل الشهري، وهو { $most }: أُنفق هذا الشهر { $used }.
limits-reached-day-count = لقد بلغت حد المشغّل اليومي، وهو { $most }.
limits-reached-month-count = لقد بلغت حد المشغّل الشهري، وهو { $most }.

refusals-wrong-password = كلمة المرور غير صحيحة.
refusals-password-again = يُرجى إدخال كلمة المرور من جديد؛ فقد مضت مدة على آخر إدخال.
refusals-no-line = تعذّر الاتصال بخدمة الدفع. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد قليل.
refusals-no-answer = لم ترد خدمة الدفع. لا نعرف بعد ما إذا تم التنفيذ. يُرجى مراجعة معاملاتك قبل إعادة المحاولة.
refusals-too-long = أحد المدخلات أطول من اللازم.
refusals-nonsense = أرسلت خدمة الدفع ردًا غير متوقع.
refusals-busy = { $seconds ->
    [zero] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يمكن إعادة المحاولة الآن.
    [one] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد ثانية واحدة.
    [two] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد ثانيتين.
    [few] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد { $seconds } ثوانٍ.
    [many] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد { $seconds } ثانية.
   *[other] خدمة الدفع مشغولة. لم يُنفَّذ شيء. يُرجى المحاولة مجددًا بعد { $seconds } ثانية.
}
refusals-try-again = { $seconds ->
    [zero] محاولات كثيرة. يمكن إعادة المحاولة الآن.
    [one] محاولات كثيرة. يُرجى المحاولة مجددًا بعد ثانية واحدة.
    [two] محاولات كثيرة. يُرجى المحاولة مجددًا بعد ثانيتين.
    [few] محاولات كثيرة. يُرجى المحاولة مجددًا بعد { $seconds } ثوانٍ.
    [many] محاولات كثيرة. يُرجى المحاولة مجددًا بعد { $seconds } ثانية.
   *[other] محاولات كثيرة. يُرجى المحاولة مجددًا بعد { $seconds } ثانية.
}
refusals-declined = رفض البنك.
refusals-not-now = هذا غير ممكن حاليًا.
refusals-amount = هذا المبلغ غير ممكن.
refusals-no-card = ليست لديك بطاقة بعد.
refusals-gone = ما اخترته لم يعد موجودًا.
refusals-not-valid = أحد المدخلات غير صالح. يُرجى مراجعة المدخلات.
refusals-money = رصيدك غير كافٍ.
refusals-expired = انتهت صلاحية البطاقة.
refusals-not-allowed = هذا غير مسموح به.
refusals-limit = هذا يتجاوز أحد الحدود.
refusals-frozen = المحفظة مجمّدة أو مغلقة.
refusals-session = انتهت الجلسة.
refusals-number = لا يمكنك إضافة المزيد.
refusals-bank-silent = لا يرد البنك. إذا كان الأمر يتعلق بأموال، فيُرجى مراجعة معاملاتك قبل إعادة المحاولة.
refusals-exists = ما اخترته موجود بالفعل.
refusals-problem = واجهت خدمة الدفع مشكلة. لم يتغير شيء.
refusals-reason-not-possible = غير ممكن
refusals-reason-amount = المبلغ يختلف عما تمت الموافقة عليه
refusals-reason-number = رقم البطاقة غير معروف
refusals-reason-agreement = لم تصل الموافقة في الوقت المحدد
refusals-reason-money = الرصيد غير كافٍ
refusals-reason-expired = انتهت صلاحية البطاقة
refusals-reason-not-permitted = غير مسموح به
refusals-reason-limit = تجاوز أحد حدود المبالغ
refusals-reason-frozen = كانت محفظتك مجمّدة
refusals-reason-count = عمليات شراء كثيرة
refusals-reason-bank-silent = لم يرد البنك
refusals-reason-duplicate = طُلب مرتين
refusals-reason-busy = كانت خدمة الدفع مشغولة
refusals-reason-unknown = لم يذكر البنك السبب

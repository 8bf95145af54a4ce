extension-not-an-extension = هذا العنوان مخصص للإضافة فقط.
extension-malformed = هذه الإضافة قديمة. يُرجى الحصول على أحدث إصدار.
extension-sign-in-again = انتهت جلستك. يُرجى تسجيل الدخول مرة أخرى.

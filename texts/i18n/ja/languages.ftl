languages-title = 言語
languages-lead = すべてのページと、お送りするメッセージに使います。
languages-browser = ブラウザーの設定に従う
languages-save = 保存

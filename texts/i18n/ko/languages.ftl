languages-title = 언어
languages-lead = 모든 페이지와 보내 드리는 메시지에 적용됩니다.
languages-browser = 브라우저 설정에 따름
languages-save = 저장

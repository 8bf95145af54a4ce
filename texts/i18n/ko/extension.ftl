extension-not-an-extension = 이 주소는 확장 프로그램 전용입니다.
extension-malformed = 확장 프로그램이 최신 버전이 아닙니다. 최신 버전을 설치해 주세요.
extension-sign-in-again = 세션이 종료되었습니다. 다시 로그인해 주세요.

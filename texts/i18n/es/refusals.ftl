refusals-wrong-password = La contraseña no es correcta.
refusals-password-again = Escriba de nuevo su contraseña; ha pasado un tiempo desde la última vez.
refusals-no-line = No hay conexión con el servicio de pagos. No se ha hecho nada. Inténtelo de nuevo en un momento.
refusals-no-answer = El servicio de pagos no ha respondido. Aún no sabemos si la operación se ha realizado. Consulte «Actividad» antes de intentarlo de nuevo.
refusals-too-long = Uno de los datos es demasiado largo.
refusals-nonsense = El servicio de pagos ha enviado una respuesta inesperada.
refusals-busy = { $seconds ->
    [one] El servicio de pagos está ocupado. No se ha hecho nada. Inténtelo de nuevo en { $seconds } segundo.
   *[other] El servicio de pagos está ocupado. No se ha hecho nada. Inténtelo de nuevo en { $seconds } segundos.
}
refusals-try-again = { $seconds ->
    [one] Demasiados intentos. Inténtelo de nuevo en { $seconds } segundo.
   *[other] Demasiados intentos. Inténtelo de nuevo en { $seconds } segundos.
}
refusals-declined = El banco ha rechazado la operación.
refusals-not-now = No es posible en este momento.
refusals-amount = Este importe no es posible.
refusals-no-card = Aún no tiene tarjeta.
refusals-gone = Lo que eligió ya no existe.
refusals-not-valid = Uno de los datos no es válido. Revíselos.
refusals-money = No tiene saldo suficiente.
refusals-expired = La tarjeta está vencida.
refusals-not-allowed = Esto no está permitido.
refusals-limit = Esto supera un límite.
refusals-frozen = El monedero está bloqueado o cerrado.
refusals-session = La sesión se ha cerrado.
refusals-number = No puede añadir más.
refusals-bank-silent = El banco no responde. Si se trataba de dinero, consulte «Actividad» antes de intentarlo de nuevo.
refusals-exists = Lo que eligió ya existe.
refusals-problem = El servicio de pagos ha tenido un problema. No ha cambiado nada.
refusals-reason-not-possible = no es posible
refusals-reason-amount = no es el importe que usted autorizó
refusals-reason-number = número de tarjeta desconocido
refusals-reason-agreement = no autorizada a tiempo
refusals-reason-money = saldo insuficiente
refusals-reason-expired = tarjeta vencida
refusals-reason-not-permitted = no permitida
refusals-reason-limit = supera un límite de importe
refusals-reason-frozen = el monedero estaba bloqueado
refusals-reason-count = demasiadas compras
refusals-reason-bank-silent = el banco no ha respondido
refusals-reason-duplicate = solicitud duplicada
refusals-reason-busy = el servicio de pagos estaba ocupado
refusals-reason-unknown = el banco no ha indicado el motivo

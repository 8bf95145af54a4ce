// A message centre on node-smpp. Says `ready PORT`, then a line of JSON for everything that it is sent. The last two digits
// of the receiver's number say what it does:
//
//   01  throttles the first segment, takes the second      05  takes it; the receipt says that it was not delivered
//   02  does not know the number                           06  asks whether we are there before it answers
//   03  drops the line on the first, takes the second
//   04  does not answer
//
// It accepts everything else, and reports that it was delivered, again and again until that is acknowledged. With KEY and CERT it speaks TLS. With a password
// it refuses everybody else. It listens on TESSERA_PEER_PORT, or on any port.

const fs = require('fs');
const smpp = require('smpp');

const [password, key, cert] = process.argv.slice(2);
const seen = new Map();
let ids = 0xA0;

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');

function times(number) {
  seen.set(number, (seen.get(number) || 0) + 1);
  return seen.get(number);
}

function receipt(session, pdu, id, state) {
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    // In decimal, where the acknowledgement had it in hexadecimal, as some centres do.
    short_message: `id:${parseInt(id, 16)} sub:001 dlvrd:001 submit date:2611220945 done date:2611220945 stat:${state} err:000 text:`,
  }, (answer) => {
    say({ event: 'receipt acknowledged', status: answer.command_status });
    if (answer.command_status !== 0) {
      setTimeout(() => receipt(session, pdu, id, state), 50);
    }
  });
}

function take(session, pdu) {
  const id = (ids++).toString(16).padStart(8, '0');
  session.send(pdu.response({ message_id: id }));
  const state = pdu.destination_addr.endsWith('05') ? 'UNDELIV' : 'DELIVRD';
  receipt(session, pdu, id, state);
}

function submitted(session, pdu) {
  const number = pdu.destination_addr;
  const body = pdu.short_message;
  say({
    event: 'submitted',
    from: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr],
    to: [pdu.dest_addr_ton, pdu.dest_addr_npi, number],
    esm_class: pdu.esm_class,
    data_coding: pdu.data_coding,
    registered_delivery: pdu.registered_delivery,
    reference: pdu.user_message_reference,
    udh: body.udh ? Buffer.concat([].concat(body.udh)).toString('hex') : null,
    text: body.message,
  });
  const count = times(number);
  switch (number.slice(-2)) {
    case '01':
      if (count === 1) {
        return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      }
      break;
    case '02':
      return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    case '03':
      if (count === 1) {
        return session.socket.destroy();
      }
      break;
    case '04':
      return undefined;
    case '06':
      return session.enquire_link({}, () => {
        say({ event: 'answered enquire_link' });
        take(session, pdu);
      });
  }
  return take(session, pdu);
}

const options = key ? { key: fs.readFileSync(key), cert: fs.readFileSync(cert) } : {};
const server = smpp.createServer(options, (session) => {
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.password === (password || '');
    say({ event: 'bound', system_id: pdu.system_id, version: pdu.interface_version, right });
    session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RINVPASWD }));
  });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => {
    say({ event: 'enquired' });
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say({ event: 'unbound' });
    session.send(pdu.response());
    session.close();
  });
  session.on('error', () => undefined);
});
server.listen(Number(process.env.TESSERA_PEER_PORT || 0), '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
// The process that started it holds its standard input; its end means that the process has ended.
process.stdin.resume().on('end', () => process.exit(0));

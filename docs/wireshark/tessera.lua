-- Wireshark's dissector of Tessera's messages: ISO 8583:1987 in every framing and packing that the malls' port accepts.
-- How to use it: README.md beside this file. The tables between `made` and `end` are made from the code by
-- UPDATE_DOCUMENTS=1 cargo test -p tessera-protocol --test wire documents
-- It runs on Lua 5.2 to 5.4, as Wireshark 3.6 and later bring it.

-- The number of a field; its packing; its greatest length; whether it is masked; its name.
-- made: fields
local FIELDS = {
  [1] = { "B", 8, false, "secondary bitmap" },
  [2] = { "LN", 19, true, "primary account number" },
  [3] = { "N", 6, false, "processing code" },
  [4] = { "N", 12, false, "amount, transaction" },
  [5] = { "N", 12, false, "amount, settlement" },
  [6] = { "N", 12, false, "amount, cardholder billing" },
  [7] = { "N", 10, false, "transmission date and time" },
  [8] = { "N", 8, false, "amount, cardholder billing fee" },
  [9] = { "N", 8, false, "conversion rate, settlement" },
  [10] = { "N", 8, false, "conversion rate, cardholder billing" },
  [11] = { "N", 6, false, "trace number" },
  [12] = { "N", 6, false, "time, local transaction" },
  [13] = { "N", 4, false, "date, local transaction" },
  [14] = { "N", 4, true, "date, expiration" },
  [15] = { "N", 4, false, "date, settlement" },
  [16] = { "N", 4, false, "date, conversion" },
  [17] = { "N", 4, false, "date, capture" },
  [18] = { "N", 4, false, "merchant category" },
  [19] = { "N", 3, false, "country, acquiring institution" },
  [20] = { "N", 3, false, "country, primary account number" },
  [21] = { "N", 3, false, "country, forwarding institution" },
  [22] = { "N", 3, false, "entry mode" },
  [23] = { "N", 3, false, "card sequence number" },
  [24] = { "N", 3, false, "network international identifier" },
  [25] = { "N", 2, false, "condition code" },
  [26] = { "N", 2, false, "PIN capture code" },
  [27] = { "N", 1, false, "authorization response length" },
  [28] = { "A", 9, false, "amount, transaction fee" },
  [29] = { "A", 9, false, "amount, settlement fee" },
  [30] = { "A", 9, false, "amount, transaction processing fee" },
  [31] = { "A", 9, false, "amount, settlement processing fee" },
  [32] = { "LN", 11, false, "acquiring institution" },
  [33] = { "LN", 11, false, "forwarding institution" },
  [34] = { "LC", 28, true, "primary account number, extended" },
  [35] = { "TRACK", 37, true, "track 2 data" },
  [36] = { "LLC", 104, true, "track 3 data" },
  [37] = { "C", 12, false, "retrieval reference" },
  [38] = { "C", 6, false, "authorization code" },
  [39] = { "C", 2, false, "response code" },
  [40] = { "C", 3, false, "service restriction code" },
  [41] = { "C", 8, false, "terminal" },
  [42] = { "C", 15, false, "card acceptor" },
  [43] = { "C", 40, false, "card acceptor name and location" },
  [44] = { "LC", 25, false, "additional response data" },
  [45] = { "LC", 76, true, "track 1 data" },
  [46] = { "LLC", 999, false, "additional data, ISO" },
  [47] = { "LLC", 999, false, "additional data, national" },
  [48] = { "LLC", 999, false, "additional data, private" },
  [49] = { "C", 3, false, "currency, transaction" },
  [50] = { "C", 3, false, "currency, settlement" },
  [51] = { "C", 3, false, "currency, cardholder billing" },
  [52] = { "B", 8, true, "PIN data" },
  [53] = { "N", 16, false, "security control information" },
  [54] = { "LLC", 120, false, "additional amounts" },
  [55] = { "LLB", 999, true, "EMV data" },
  [56] = { "LLC", 999, false, "reserved, ISO" },
  [57] = { "LLC", 999, false, "reserved, national" },
  [58] = { "LLC", 999, false, "reserved, national" },
  [59] = { "LLC", 999, false, "reserved, national" },
  [60] = { "LLC", 999, false, "reserved, private" },
  [61] = { "LLC", 999, false, "reserved, private" },
  [62] = { "LLC", 999, true, "reserved, private" },
  [63] = { "LLC", 999, false, "reserved, private" },
  [64] = { "B", 8, false, "message authentication code" },
  [65] = { "B", 1, false, "extended bitmap indicator" },
  [66] = { "N", 1, false, "settlement code" },
  [67] = { "N", 2, false, "extended payment code" },
  [68] = { "N", 3, false, "country, receiving institution" },
  [69] = { "N", 3, false, "country, settlement institution" },
  [70] = { "N", 3, false, "network management code" },
  [71] = { "N", 4, false, "message number" },
  [72] = { "N", 4, false, "message number, last" },
  [73] = { "N", 6, false, "date, action" },
  [74] = { "N", 10, false, "credits, number" },
  [75] = { "N", 10, false, "credits, reversal number" },
  [76] = { "N", 10, false, "debits, number" },
  [77] = { "N", 10, false, "debits, reversal number" },
  [78] = { "N", 10, false, "transfers, number" },
  [79] = { "N", 10, false, "transfers, reversal number" },
  [80] = { "N", 10, false, "inquiries, number" },
  [81] = { "N", 10, false, "authorizations, number" },
  [82] = { "N", 12, false, "credits, processing fee amount" },
  [83] = { "N", 12, false, "credits, transaction fee amount" },
  [84] = { "N", 12, false, "debits, processing fee amount" },
  [85] = { "N", 12, false, "debits, transaction fee amount" },
  [86] = { "N", 16, false, "credits, amount" },
  [87] = { "N", 16, false, "credits, reversal amount" },
  [88] = { "N", 16, false, "debits, amount" },
  [89] = { "N", 16, false, "debits, reversal amount" },
  [90] = { "N", 42, false, "original data elements" },
  [91] = { "C", 1, false, "file update code" },
  [92] = { "C", 2, false, "file security code" },
  [93] = { "C", 6, false, "response indicator" },
  [94] = { "C", 7, false, "service indicator" },
  [95] = { "C", 42, false, "replacement amounts" },
  [96] = { "B", 16, false, "message security code" },
  [97] = { "A", 17, false, "amount, net settlement" },
  [98] = { "C", 25, false, "payee" },
  [99] = { "LN", 11, false, "settlement institution" },
  [100] = { "LN", 11, false, "receiving institution" },
  [101] = { "LC", 17, false, "file name" },
  [102] = { "LC", 28, true, "account identification 1" },
  [103] = { "LC", 28, true, "account identification 2" },
  [104] = { "LLC", 100, false, "transaction description" },
  [105] = { "LLC", 999, false, "reserved, ISO" },
  [106] = { "LLC", 999, false, "reserved, ISO" },
  [107] = { "LLC", 999, false, "reserved, ISO" },
  [108] = { "LLC", 999, false, "reserved, ISO" },
  [109] = { "LLC", 999, false, "reserved, ISO" },
  [110] = { "LLC", 999, false, "reserved, ISO" },
  [111] = { "LLC", 999, false, "reserved, ISO" },
  [112] = { "LLC", 999, false, "reserved, national" },
  [113] = { "LLC", 999, false, "reserved, national" },
  [114] = { "LLC", 999, false, "reserved, national" },
  [115] = { "LLC", 999, false, "reserved, national" },
  [116] = { "LLC", 999, false, "reserved, national" },
  [117] = { "LLC", 999, false, "reserved, national" },
  [118] = { "LLC", 999, false, "reserved, national" },
  [119] = { "LLC", 999, false, "reserved, national" },
  [120] = { "LLC", 999, false, "reserved, private" },
  [121] = { "LLC", 999, false, "reserved, private" },
  [122] = { "LLC", 999, false, "reserved, private" },
  [123] = { "LLC", 999, false, "reserved, private" },
  [124] = { "LLC", 999, false, "reserved, private" },
  [125] = { "LLC", 999, false, "reserved, private" },
  [126] = { "LLC", 999, false, "reserved, private" },
  [127] = { "LLC", 999, false, "reserved, private" },
  [128] = { "B", 8, false, "message authentication code" },
}
-- end

-- made: message-types
local MESSAGE_TYPES = {
  ["0100"] = "authorization request",
  ["0101"] = "authorization request, repeat",
  ["0110"] = "authorization answer",
  ["0120"] = "authorization advice",
  ["0121"] = "authorization advice, repeat",
  ["0130"] = "authorization answer to an advice",
  ["0200"] = "financial request",
  ["0201"] = "financial request, repeat",
  ["0210"] = "financial answer",
  ["0220"] = "financial advice",
  ["0221"] = "financial advice, repeat",
  ["0230"] = "financial answer to an advice",
  ["0302"] = "card file request",
  ["0303"] = "card file request, repeat",
  ["0312"] = "card file answer",
  ["0400"] = "reversal request",
  ["0401"] = "reversal request, repeat",
  ["0410"] = "reversal answer",
  ["0420"] = "reversal advice",
  ["0421"] = "reversal advice, repeat",
  ["0430"] = "reversal answer to an advice",
  ["0500"] = "reconciliation request",
  ["0501"] = "reconciliation request, repeat",
  ["0510"] = "reconciliation answer",
  ["0520"] = "reconciliation advice",
  ["0521"] = "reconciliation advice, repeat",
  ["0530"] = "reconciliation answer to an advice",
  ["0600"] = "administrative request",
  ["0601"] = "administrative request, repeat",
  ["0610"] = "administrative answer",
  ["0620"] = "administrative advice",
  ["0621"] = "administrative advice, repeat",
  ["0630"] = "administrative answer to an advice",
  ["0800"] = "network management request",
  ["0801"] = "network management request, repeat",
  ["0810"] = "network management answer",
}
-- end

-- What values of a field mean.
-- made: meanings
local MEANINGS = {
  [3] = {
    ["000000"] = "purchase",
    ["200000"] = "refund",
    ["210000"] = "load",
    ["280000"] = "load",
    ["290000"] = "payout",
    ["310000"] = "balance inquiry",
    ["380000"] = "account verification",
  },
  [25] = {
    ["00"] = "normal presentment",
    ["01"] = "payer not present",
    ["02"] = "unattended terminal",
    ["05"] = "payer present, card not",
    ["08"] = "mail or telephone order",
    ["59"] = "e-commerce",
  },
  [39] = {
    ["00"] = "approved",
    ["03"] = "unknown card acceptor",
    ["05"] = "declined by the financial system",
    ["10"] = "approved in part",
    ["12"] = "invalid transaction",
    ["13"] = "invalid amount",
    ["14"] = "no such card",
    ["25"] = "original or order not found",
    ["30"] = "format error",
    ["51"] = "not enough money",
    ["54"] = "expired or wrong expiry",
    ["57"] = "not permitted to this card",
    ["58"] = "not permitted to this party, or not signed on",
    ["61"] = "above an amount limit",
    ["62"] = "wallet blocked",
    ["63"] = "MAC or party violation",
    ["65"] = "above a count limit",
    ["68"] = "answered too late",
    ["91"] = "financial system not reachable",
    ["94"] = "duplicate with other contents",
    ["96"] = "the switch could not, nothing applied",
  },
  [66] = {
    ["1"] = "totals agree",
    ["2"] = "totals do not agree",
  },
  [70] = {
    ["001"] = "sign-on",
    ["002"] = "sign-off",
    ["101"] = "change of the MAC key",
    ["301"] = "echo",
  },
  [91] = {
    ["1"] = "issue a card",
    ["2"] = "replace a card",
    ["3"] = "cancel a card",
  },
}
-- end

-- The tags of field 48, and whether they are masked.
-- made: tags
local TAGS = {
  [1] = { "order number", false },
  [2] = { "what was bought", false },
  [3] = { "key material", true },
  [4] = { "takes part", false },
  [5] = { "original", false },
  [9] = { "reason", false },
  [10] = { "status", false },
  [11] = { "answered with", false },
  [12] = { "amount", false },
  [13] = { "amount approved", false },
  [14] = { "amount reversed", false },
  [15] = { "amount refunded", false },
  [16] = { "amount completed", false },
  [17] = { "retrieval reference", false },
}
-- end

local MESSAGE_BYTES_MAX = 4096
local FRAMINGS = {
  { 1, "binary-2", 1 }, { 2, "tpdu", 2 }, { 3, "bcd-2", 3 }, { 4, "ascii-4", 4 }, { 5, "binary-4", 5 },
}
local BINARY_2, TPDU, BCD_2, ASCII_4, BINARY_4 = 1, 2, 3, 4, 5
local PACKINGS = { { 1, "binary", 1 }, { 2, "ascii", 2 } }
local BINARY = 1
local TPDU_BYTES = 5

local tessera = Proto("tessera", "Tessera ISO 8583")

local shown = {
  length = ProtoField.uint32("tessera.length", "Length"),
  tpdu = ProtoField.bytes("tessera.tpdu", "TPDU"),
  mti = ProtoField.string("tessera.mti", "Message type"),
  bitmap = ProtoField.string("tessera.bitmap", "Bitmap"),
  tag = ProtoField.string("tessera.tag", "Unknown tag"),
}
for number, row in ipairs(FIELDS) do
  shown[number] = ProtoField.string("tessera.field." .. number, number .. " " .. row[4])
end
local shown_tags = {}
for tag, row in pairs(TAGS) do
  shown_tags[tag] = ProtoField.string(string.format("tessera.tag.%02d", tag), string.format("%02d %s", tag, row[1]))
end
local shown_parts = {
  { 1, 4, ProtoField.string("tessera.original.mti", "Message type") },
  { 5, 10, ProtoField.string("tessera.original.trace", "Trace number") },
  { 11, 20, ProtoField.string("tessera.original.transmission", "Transmission date and time") },
  { 21, 31, ProtoField.string("tessera.original.institution", "Acquiring institution") },
  { 32, 42, ProtoField.string("tessera.original.forwarding", "Forwarding institution") },
}
local all = {}
for _, field in pairs(shown) do all[#all + 1] = field end
for _, field in pairs(shown_tags) do all[#all + 1] = field end
for _, part in ipairs(shown_parts) do all[#all + 1] = part[3] end
tessera.fields = all

local malformed = ProtoExpert.new("tessera.malformed", "Malformed message", expert.group.MALFORMED, expert.severity.ERROR)
tessera.experts = { malformed }

tessera.prefs.ports = Pref.range("TCP ports", "8583", "Ports at which the switch listens for malls", 65535)
tessera.prefs.framing = Pref.enum("Framing", BINARY_2, "The length and header in front of a message", FRAMINGS, false)
tessera.prefs.packing = Pref.enum("Packing", BINARY, "How messages are packed", PACKINGS, false)

-- Bytes of the length in front, and of the header between it and the message.
local function front()
  local framing = tessera.prefs.framing
  local length = (framing == ASCII_4 or framing == BINARY_4) and 4 or 2
  return length, framing == TPDU and TPDU_BYTES or 0
end

-- The announced length; nil where these bytes are none.
local function announced(range)
  local framing = tessera.prefs.framing
  local length
  if framing == BCD_2 then
    length = tonumber(tostring(range:bytes()), 10)
  elseif framing == ASCII_4 then
    local digits = range:bytes():raw()
    length = digits:match("^%d+$") and tonumber(digits, 10)
  else
    length = range:uint()
  end
  local _, header = front()
  if not length or length > MESSAGE_BYTES_MAX + header or (length > 0 and length <= header) then return nil end
  return length
end

-- ISO 8859-1 as UTF-8; what would move a cursor as an escape.
local function text(bytes)
  return (bytes:gsub(".", function(character)
    local code = character:byte()
    if code < 32 or (code >= 127 and code < 160) then return string.format("\\x%02x", code) end
    if code < 128 then return character end
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  end))
end

local function hex(bytes)
  return (bytes:gsub(".", function(character) return string.format("%02x", character:byte()) end))
end

-- First six and last four of a card number, asterisks for all else that is secret.
local function masked(number, value)
  local digits = #value
  if number == 2 and digits >= 8 and digits <= 19 and value:match("^%d+$") then
    local first = digits >= 13 and 6 or 0
    return value:sub(1, first) .. string.rep("*", digits - first - 4) .. value:sub(-4)
  end
  return string.rep("*", digits)
end

-- The front of a message that is taken apart: a fault is raised by error { what = }.
local Reader = {}
Reader.__index = Reader

local function fault(what) error({ what = what }, 0) end

function Reader:take(count, what)
  if self.at + count > self.tvb:len() then
    fault(string.format("%s: %d bytes needed, %d there at byte %d", what, count, self.tvb:len() - self.at, self.at))
  end
  if count == 0 then return "", nil end
  local range = self.tvb:range(self.at, count)
  self.at = self.at + count
  return range:bytes():raw(), range
end

function Reader:digits(bytes, what)
  if not bytes:match("^%d*$") then fault(what .. ": no digits before byte " .. self.at) end
  return bytes
end

-- A length in front of a body.
function Reader:prefix(bytes, what)
  local prefix = self.binary and hex(self:take(bytes, what)) or self:take(bytes + 1, what)
  return tonumber(self:digits(prefix, what), 10)
end

-- The value of a field and its place, its length included.
function Reader:field(number)
  local row, what = FIELDS[number], "field " .. number
  local code, length = row[1], row[2]
  local from = self.at
  local value
  local prefix = (code == "LLC" or code == "LLB") and 2 or ((code == "LN" or code == "TRACK" or code == "LC") and 1 or 0)
  if prefix > 0 then
    local stated = self:prefix(prefix, what)
    local most = (code == "LLB" and not self.binary) and 2 * length or length
    if stated > most then fault(string.format("%s: length %d above %d at byte %d", what, stated, most, from)) end
    length = stated
  end
  local numeric = code == "N" or code == "LN" or code == "TRACK"
  if numeric and self.binary then
    value = hex(self:take(math.floor((length + 1) / 2), what))
    if code == "N" then value = value:sub(#value - length + 1) else value = value:sub(1, length) end
    if code == "TRACK" then value = value:gsub("d", "=") else self:digits(value, what) end
  elseif numeric then
    value = self:take(length, what)
    if code == "TRACK" then value = value:gsub("[Dd]", "=") else self:digits(value, what) end
  elseif code == "A" then
    local sign = self:take(1, what)
    local digits = self.binary and hex(self:take(math.floor(length / 2), what)) or self:take(length - 1, what)
    value = text(sign) .. self:digits(digits, what)
  elseif code == "B" or code == "LLB" then
    if self.binary then
      value = hex(self:take(length, what))
    else
      value = self:take(code == "B" and 2 * length or length, what):lower()
      if not value:match("^%x*$") then fault(what .. ": no hexadecimal digits before byte " .. self.at) end
    end
  else
    local raw = self:take(length, what)
    if number == 48 then self.tags = raw end
    if code == "C" then raw = raw:gsub("%s+$", "") end
    value = text(raw)
  end
  return value, self.tvb:range(from, self.at - from)
end

-- Field 48: two digits of tag, three of length, the value.
local function add_tags(tree, range, body)
  local at, start = 1, range:len() - #body
  while at <= #body do
    local tag, length = body:match("^(%d%d)(%d%d%d)", at)
    local from, count = at + 5, tonumber(length, 10)
    if not tag or from + count - 1 > #body then
      tree:add_proto_expert_info(malformed, "field 48: not a list of tag, length, value")
      return
    end
    local number = tonumber(tag, 10)
    local row = TAGS[number]
    local value = text(body:sub(from, from + count - 1))
    if row and row[2] then value = masked(48, value) end
    if not row then value = tag .. " " .. value end
    tree:add(shown_tags[number] or shown.tag, range:range(start + at - 1, 5 + count), value)
    at = from + count
  end
end

local function bits(reader)
  local set = {}
  for byte in hex(reader.last):gmatch("%x%x") do
    local value = tonumber(byte, 16)
    for bit = 7, 0, -1 do set[#set + 1] = math.floor(value / 2 ^ bit) % 2 == 1 end
  end
  return set
end

-- A bitmap of eight bytes, or of sixteen hexadecimal digits; its bits, the first at 1.
function Reader:bitmap(tree)
  local raw, range = self:take(self.binary and 8 or 16, "bitmap")
  if not self.binary then
    if not raw:match("^%x+$") then fault("bitmap: no hexadecimal digits") end
    raw = raw:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
  end
  tree:add(shown.bitmap, range, hex(raw))
  self.last = raw
  return bits(self)
end

-- Takes a message apart; returns its type, and the values of its fields that are not masked.
local function read(reader, tree, values)
  local raw, range = reader:take(reader.binary and 2 or 4, "MTI")
  local mti = reader:digits(reader.binary and hex(raw) or raw, "MTI")
  values.mti = mti
  local item = tree:add(shown.mti, range, mti)
  if MESSAGE_TYPES[mti] then item:append_text(" (" .. MESSAGE_TYPES[mti] .. ")") end
  local present = reader:bitmap(tree)
  if present[1] then
    for _, bit in ipairs(reader:bitmap(tree)) do present[#present + 1] = bit end
  end
  for number = 2, #present do
    if present[number] then
      local value, where = reader:field(number)
      if FIELDS[number][3] then value = masked(number, value) end
      values[number] = value
      local field = tree:add(shown[number], where, value)
      local meaning = MEANINGS[number] and MEANINGS[number][value]
      if meaning then field:append_text(" (" .. meaning .. ")") end
      if number == 48 then add_tags(field, where, reader.tags) end
      if number == 90 then
        for _, part in ipairs(shown_parts) do field:add(part[3], where, value:sub(part[1], part[2])) end
      end
    end
  end
  if reader.at < reader.tvb:len() then
    fault(string.format("%d bytes left over at byte %d", reader.tvb:len() - reader.at, reader.at))
  end
end

-- One line of what a message says.
local function line(values)
  local words = { values.mti or "?", MESSAGE_TYPES[values.mti] }
  for _, number in ipairs({ 3, 70, 39 }) do
    local value = values[number]
    if value then
      local meaning = MEANINGS[number][value]
      words[#words + 1] = "[" .. (number == 39 and value .. " " or "") .. (meaning or value) .. "]"
    end
  end
  if values[11] then words[#words + 1] = "trace " .. values[11] end
  return table.concat(words, " ")
end

local first

local function say(pinfo, words)
  if first then pinfo.cols.info = words else pinfo.cols.info:append(", " .. words) end
  first = false
end

-- One frame, its length in front.
local function dissect_frame(tvb, pinfo, root)
  local length_bytes, header = front()
  local tree = root:add(tessera, tvb:range())
  pinfo.cols.protocol = "Tessera"
  local length = announced(tvb:range(0, length_bytes))
  if not length then
    tree:add_proto_expert_info(malformed, "no length of this framing, or above " .. MESSAGE_BYTES_MAX)
    say(pinfo, "malformed frame")
    return tvb:len()
  end
  tree:add(shown.length, tvb:range(0, length_bytes), length)
  if length == 0 then
    tree:append_text(", keep-alive")
    say(pinfo, "keep-alive")
    return tvb:len()
  end
  if header > 0 then tree:add(shown.tpdu, tvb:range(length_bytes, header)) end
  local message = tvb:range(length_bytes + header):tvb()
  local values = {}
  local reader = setmetatable({ tvb = message, at = 0, binary = tessera.prefs.packing == BINARY }, Reader)
  local ok, problem = pcall(read, reader, tree, values)
  local words = line(values)
  if not ok then
    local what = type(problem) == "table" and problem.what or tostring(problem)
    tree:add_proto_expert_info(malformed, what)
    words = words .. " [" .. what .. "]"
  end
  tree:append_text(", " .. words)
  say(pinfo, words)
  return tvb:len()
end

-- Bytes of the frame that begins here; all that remain where the length is not known.
local function frame_bytes(tvb, _, offset)
  local length_bytes, _ = front()
  local length = announced(tvb:range(offset, length_bytes))
  return length and length_bytes + length or tvb:len() - offset
end

function tessera.dissector(tvb, pinfo, root)
  first = true
  local length_bytes = front()
  dissect_tcp_pdus(tvb, root, length_bytes, frame_bytes, dissect_frame)
  return tvb:len()
end

local tcp_ports = DissectorTable.get("tcp.port")
local registered
local function register()
  if registered == tessera.prefs.ports then return end
  if registered then tcp_ports:remove(registered, tessera) end
  registered = tessera.prefs.ports
  tcp_ports:add(registered, tessera)
end
register()
tessera.prefs_changed = register

-- Decrypted connections of the TLS port: Decode As.
DissectorTable.get("tls.port"):add_for_decode_as(tessera)

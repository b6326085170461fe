/** A script for one call. What it tells a receipts stream goes through `report`, in lines. */
export function forOneCall(lua: string): string {
  if (!lua.includes('report(')) return lua;
  return `
local function report(stream, lines)
  redis.call('XADD', stream, '*', 'd', table.concat(lines, '\\n'))
end
${lua}
`;
}

/**
 * A script that does what another does, for many calls one after the other: what Redis and its client spend on a call is spent once for all of them.
 * Its KEYS are theirs in a row, its ARGV for each how many keys and arguments it has, and these. It answers `{1, reply}` or `{0, what is wrong}` for each:
 * one that fails ends no other. What they report is one entry, in the stream of the first that has something to report: whoever reads entries is spared
 * one for each call.
 */
export function forManyCalls(lua: string): string {
  return `
local reportTo, reports = nil, {}
local function report(stream, lines)
  reportTo = reportTo or stream
  reports[#reports + 1] = table.concat(lines, '\\n')
end
local function one(KEYS, ARGV)
${lua}
end
local replies, key, at = {}, 0, 1
while at <= #ARGV do
  local keyCount, argCount = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local keys, args = {}, {}
  for i = 1, keyCount do
    keys[i] = KEYS[key + i]
  end
  for i = 1, argCount do
    args[i] = ARGV[at + 1 + i]
  end
  key, at = key + keyCount, at + 2 + argCount
  local isDone, reply = pcall(one, keys, args)
  if isDone then
    replies[#replies + 1] = { 1, reply }
  else
    replies[#replies + 1] = { 0, type(reply) == 'table' and reply.err or tostring(reply) }
  end
end
if reportTo then
  redis.call('XADD', reportTo, '*', 'd', table.concat(reports, '\\n'))
end
return replies
`;
}

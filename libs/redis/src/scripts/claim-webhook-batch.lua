-- Claims a batch that is due: who claims it has it until the lease is over; then it is anybody's again.
-- Before that, waiting events become a batch, if there are enough of them or they have waited long enough.
-- KEYS  1 events  2 batches  3 due set
-- ARGV  1 random, for the id of a new batch  2 now, ms  3 end of the lease, ms  4 events of a batch  5 how long events wait for others, ms
--       6 bound of batches
-- Result  {id, attempts, made at, events} of the claimed batch, or {}
local now = tonumber(ARGV[2])
local function form()
  if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[6]) then
    return
  end
  local entries = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[4])
  local texts, ids, events = {}, {}, 0
  for _, entry in ipairs(entries) do
    local number = tonumber(entry[2][4])
    if #ids > 0 and events + number > tonumber(ARGV[4]) then
      break
    end
    events = events + number
    table.insert(texts, entry[2][2])
    table.insert(ids, entry[1])
  end
  local isFull = #ids < #entries or events >= tonumber(ARGV[4])
  if #ids == 0 or not (isFull or now - tonumber(entries[1][2][6]) >= tonumber(ARGV[5])) then
    return
  end
  redis.call('XDEL', KEYS[1], unpack(ids))
  -- The call is sent again where its answer was lost: then it makes another batch, of other events.
  local batch = 'msg_' .. redis.sha1hex(ARGV[1] .. ids[1]):sub(1, 32)
  redis.call('HSET', KEYS[2], batch, '0 ' .. ARGV[2] .. ' [' .. table.concat(texts, ',') .. ']')
  redis.call('ZADD', KEYS[3], ARGV[2], batch)
end
form()
local id = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2], 'LIMIT', 0, 1)[1]
if not id then
  return {}
end
redis.call('ZADD', KEYS[3], ARGV[3], id)
local stored = redis.call('HGET', KEYS[2], id) or ''
local attempts, madeAt, events = stored:match('^(%d+) (%d+) (.*)$')
return { id, attempts, madeAt, events }

-- Takes note that a client logged in by a token: the one before it is over, and so is every count up to this one.
-- KEYS  1 tokens of the device
-- ARGV  1 client  2 serial number  3 count that the client gave, or ''
-- Result  1, or 0 when the token is over or the count was used
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept then
  return 0
end
local used
local tokens = {}
for token in kept:gmatch('%S+') do
  if not used then
    local serial, expiry, count = token:match('^([^,]+),([^,]+),?(%d*)$')
    if serial == ARGV[2] then
      if ARGV[3] ~= '' and count ~= '' and tonumber(ARGV[3]) <= tonumber(count) then
        return 0
      end
      used = true
      token = serial .. ',' .. expiry .. ',' .. (ARGV[3] ~= '' and ARGV[3] or count)
    end
    table.insert(tokens, token)
  end
end
if not used then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(tokens, ' '))
return 1

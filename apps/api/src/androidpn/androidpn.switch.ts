import { type CanActivate, Injectable, Optional } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { ProcessContext } from '@carillon/process';

/** `CARILLON_ANDROIDPN`: where it is off there is nothing to be found. */
@Injectable()
export class AndroidpnSwitch implements CanActivate {
  constructor(@Optional() private readonly context?: ProcessContext) {}

  canActivate(): boolean {
    if (this.context?.config.androidpn === false)
      throw new CarillonError('not-found', 'androidpn is switched off (CARILLON_ANDROIDPN)');
    return true;
  }
}
